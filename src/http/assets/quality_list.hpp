#pragma once

#include <optional>
#include <string_view>

namespace codelab::http::assets {

/// One member of an Accept or Accept-Encoding field: `gzip;q=0.5`.
struct QualityItem {
  std::string_view name;  ///< as written, parameters removed
  int quality = 0;        ///< thousandths, 0 to 1000; 1000 when no weight is given, 0 when the weight is malformed
};

/// Takes members off the front of a comma-separated field value (RFC 9110, 12.4.2). Empty members are skipped.
class QualityListReader {
 public:
  /// `field` must outlive the reader and the names that it returns.
  explicit QualityListReader(std::string_view field) noexcept : rest_(field) {}

  std::optional<QualityItem> next() noexcept;

 private:
  std::string_view rest_;
};

/// Compares ASCII letters without case, as header tokens are compared.
bool equals_ignoring_case(std::string_view left, std::string_view right) noexcept;

}  // namespace codelab::http::assets
