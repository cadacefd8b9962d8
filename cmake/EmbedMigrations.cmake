# embed_migrations(TARGET TECHNOLOGY FOLDER): compiles FOLDER/*.sql into TARGET, as what
# infra/TECHNOLOGY/migrations.hpp declares. FOLDER is absolute or seen from the project's.
#
# Run as a script, writes that table:
#   cmake -DTECHNOLOGY=sqlite -DFOLDER=migrations -DOUTPUT=migrations_table.cpp -P EmbedMigrations.cmake

function(write_migrations_table technology folder output)
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
#include \"infra/${technology}/migrations.hpp\"

namespace codelab::infra::${technology} {
namespace {

constexpr Migration kMigrations[] = {
${entries}};

}  // namespace

std::span<const Migration> embedded_migrations() { return kMigrations; }

}  // namespace codelab::infra::${technology}
")
endfunction()

function(embed_migrations target technology folder)
  cmake_path(ABSOLUTE_PATH folder BASE_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set(script "${PROJECT_SOURCE_DIR}/cmake/EmbedMigrations.cmake")
  set(output "${CMAKE_CURRENT_BINARY_DIR}/generated/${target}/${technology}_migrations_table.cpp")
  file(GLOB files CONFIGURE_DEPENDS "${folder}/*.sql")
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DTECHNOLOGY=${technology}" "-DFOLDER=${folder}" "-DOUTPUT=${output}" -P "${script}"
    DEPENDS ${files} "${script}"
    COMMENT "Embedding the migrations for ${technology}")
  target_sources(${target} PRIVATE "${output}")
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  write_migrations_table("${TECHNOLOGY}" "${FOLDER}" "${OUTPUT}")
endif()
