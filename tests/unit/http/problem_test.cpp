#include "http/problem.hpp"

#include <gtest/gtest.h>

namespace codelab::http {
namespace {

TEST(Problem, every_503_says_when_to_try_again_but_the_one_that_time_does_not_mend) {
  for (std::size_t i = 0; i < base::kErrorNames.size(); ++i) {
    const auto code = static_cast<base::ErrorCode>(i);
    const Response response = problem(base::make_error(code, "why"), "trace");
    const bool waits = response.status == 503 && code != base::ErrorCode::interrupted;
    EXPECT_EQ(response.headers.contains("Retry-After"), waits) << base::name_of(code);
  }
}

}  // namespace
}  // namespace codelab::http
