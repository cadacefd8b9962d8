#pragma once

#include "core/work/work_log.hpp"
#include "infra/postgres/database.hpp"

namespace codelab::infra::postgres {

class PostgresWorkLog final : public core::work::WorkLog {
 public:
  explicit PostgresWorkLog(Database& database) : database_(database) {}

  base::Task<core::work::Recorded> record(core::identity::UserScope scope, core::chat::Task task,
                                          core::work::WorkRecord record) override;
  base::Task<std::vector<core::work::RecordedPart>> of_task(core::identity::UserScope scope,
                                                            base::TaskId task) override;

 private:
  Database& database_;
};

}  // namespace codelab::infra::postgres
