# Generates the protobuf-c code of proto/onnx.proto into the build folder; target onr_proto holds its objects.
# May assume: protoc-c was found. Never commits generated code, and never warns about it.
if(EXISTS ${PROJECT_SOURCE_DIR}/proto/onnx.proto)
  set(onr_pb ${PROJECT_BINARY_DIR}/proto/onnx.pb-c)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/proto)
  add_custom_command(OUTPUT ${onr_pb}.c ${onr_pb}.h
    COMMAND ${ONR_PROTOC_C} --proto_path=${PROJECT_SOURCE_DIR}/proto --c_out=${PROJECT_BINARY_DIR}/proto onnx.proto
    DEPENDS ${PROJECT_SOURCE_DIR}/proto/onnx.proto
    COMMENT "protoc-c onnx.proto" VERBATIM)
  add_library(onr_proto OBJECT ${onr_pb}.c ${onr_pb}.h)
  target_compile_options(onr_proto PRIVATE -w)
  target_link_libraries(onr_proto PRIVATE PkgConfig::PROTOBUF_C)
endif()
