find_program(NODE_EXECUTABLE node REQUIRED)
find_program(NPM_EXECUTABLE npm REQUIRED)

# Packs web/ into `target`: hashed names, compressed, one blob inside the binary.
function(embed_assets target)
  set(asset_dir ${CMAKE_BINARY_DIR}/assets)
  file(GLOB_RECURSE asset_inputs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/web/*)
  list(FILTER asset_inputs EXCLUDE REGEX "/node_modules/")
  add_custom_command(
    OUTPUT ${asset_dir}/assets_table.cpp ${asset_dir}/assets.blob
    COMMAND ${NODE_EXECUTABLE} ${PROJECT_SOURCE_DIR}/scripts/build_assets.mjs
            --web ${PROJECT_SOURCE_DIR}/web --out ${asset_dir}
    DEPENDS ${PROJECT_SOURCE_DIR}/scripts/build_assets.mjs ${asset_inputs}
    COMMENT "Packing the web interface"
    VERBATIM)
  target_sources(${target} PRIVATE ${asset_dir}/assets_table.cpp)
  set_source_files_properties(${asset_dir}/assets_table.cpp PROPERTIES
    OBJECT_DEPENDS ${asset_dir}/assets.blob
    SKIP_PRECOMPILE_HEADERS ON)
endfunction()
