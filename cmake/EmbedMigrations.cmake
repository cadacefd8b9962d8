# embed_migrations(TARGET): compiles migrations/*.sql into TARGET, as what infra/sqlite/migrations.hpp declares.
#
# Run as a script, writes that table:
#   cmake -DFOLDER=migrations -DOUTPUT=migrations_table.cpp -P EmbedMigrations.cmake

function(write_migrations_table folder output)
  file(GLOB files "${folder}/*.sql")
  list(SORT files)
  set(entries "")
  foreach(file IN LISTS files)
    get_filename_component(stem "${file}" NAME_WE)
    if(NOT stem MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)$")
      message(FATAL_ERROR "${file}: a migration is named NNNN_what_it_does.sql")
    endif()
    set(number "${CMAKE_MATCH_1}")
    set(name "${CMAKE_MATCH_2}")
    string(REGEX REPLACE "^0+" "" number "${number}")
    file(READ "${file}" statements)
    string(APPEND entries "    {${number}, \"${name}\", R\"sql(${statements})sql\"},\n")
  endforeach()
  file(WRITE "${output}" "// Written by EmbedMigrations.cmake.
#include \"infra/sqlite/migrations.hpp\"

namespace codelab::infra::sqlite {
namespace {

constexpr Migration kMigrations[] = {
${entries}};

}  // namespace

std::span<const Migration> embedded_migrations() { return kMigrations; }

}  // namespace codelab::infra::sqlite
")
endfunction()

function(embed_migrations target)
  set(folder "${PROJECT_SOURCE_DIR}/migrations")
  set(script "${PROJECT_SOURCE_DIR}/cmake/EmbedMigrations.cmake")
  set(output "${CMAKE_CURRENT_BINARY_DIR}/generated/migrations_table.cpp")
  file(GLOB files CONFIGURE_DEPENDS "${folder}/*.sql")
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DFOLDER=${folder}" "-DOUTPUT=${output}" -P "${script}"
    DEPENDS ${files} "${script}"
    COMMENT "Embedding the migrations")
  target_sources(${target} PRIVATE "${output}")
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  write_migrations_table("${FOLDER}" "${OUTPUT}")
endif()
