# One target a layer, one a technology under infra. scripts/check_layers.py holds their includes to this order:
# main -> app -> {http, infra, config} -> core -> base

add_library(codelab_includes INTERFACE)
target_include_directories(codelab_includes INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(codelab_includes INTERFACE BOOST_ASIO_NO_DEPRECATED CODELAB_VERSION="${PROJECT_VERSION}")

function(codelab_layer name folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*.cpp)
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC codelab_includes ${ARGN})
  target_precompile_headers(${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/precompiled.hpp)
endfunction()

codelab_layer(codelab_base base
  Threads::Threads Boost::headers Boost::json fmt::fmt PkgConfig::sodium)
codelab_layer(codelab_config config codelab_base PkgConfig::tomlplusplus)
codelab_layer(codelab_core core codelab_base OpenSSL::Crypto PkgConfig::tomlplusplus)
codelab_layer(codelab_http http codelab_core Boost::url)
embed_assets(codelab_http)

codelab_layer(codelab_argon2 infra/argon2 codelab_core PkgConfig::sodium)
codelab_layer(codelab_curl infra/curl codelab_core CURL::libcurl)
codelab_layer(codelab_embedded_models infra/embedded_models codelab_core PkgConfig::utf8proc)
codelab_layer(codelab_inprocess infra/inprocess codelab_core)
codelab_layer(codelab_openai infra/openai codelab_curl Boost::url)
codelab_layer(codelab_redis infra/redis codelab_core Boost::url OpenSSL::SSL PkgConfig::hiredis PkgConfig::sodium)
codelab_layer(codelab_secrets infra/secrets codelab_core)
codelab_layer(codelab_vectors infra/vectors codelab_core)
# FTS5's tokenizer finds the words, whichever database keeps the texts.
codelab_layer(codelab_words infra/words codelab_core SQLite::SQLite3)
codelab_layer(codelab_postgres infra/postgres codelab_vectors codelab_words PkgConfig::libpq)
embed_migrations(codelab_postgres postgres migrations/postgres)
codelab_layer(codelab_qdrant infra/qdrant codelab_curl codelab_words Boost::url)
codelab_layer(codelab_sqlite infra/sqlite codelab_vectors codelab_words SQLite::SQLite3)
embed_migrations(codelab_sqlite sqlite migrations)

codelab_layer(codelab_app app
  codelab_config codelab_http codelab_argon2 codelab_embedded_models codelab_inprocess codelab_openai codelab_postgres
  codelab_qdrant codelab_redis codelab_secrets codelab_sqlite prometheus-cpp::core CLI11::CLI11)

add_executable(codelab ${PROJECT_SOURCE_DIR}/src/main.cpp)
target_link_libraries(codelab PRIVATE codelab_app)
if(NOT CODELAB_SANITIZE)
  # Replaces malloc; a sanitizer brings its own.
  target_link_libraries(codelab PRIVATE PkgConfig::jemalloc)
endif()
set_target_properties(codelab PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
