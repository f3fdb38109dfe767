# What `cmake --install` copies: the public header, both libraries, the tool and a pkg-config file.
# May assume: the targets of the top CMakeLists.txt. Never installs internal headers or io.
include(GNUInstallDirs)
# Where the pkg-config file lies tells the prefix, so that an installed tree may be moved, and `cmake --install --prefix` works.
file(RELATIVE_PATH ONR_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" ONR_PC_TO_PREFIX "${ONR_PC_TO_PREFIX}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/onnxrun.pc.in ${PROJECT_BINARY_DIR}/gen/onnxrun.pc @ONLY)
if(EXISTS ${PROJECT_SOURCE_DIR}/src/onnxrun.h)
  install(FILES ${PROJECT_SOURCE_DIR}/src/onnxrun.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endif()
install(TARGETS onnxrun onnxrun_shared
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${PROJECT_BINARY_DIR}/gen/onnxrun.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(TARGET onnxrun_cli)
  install(TARGETS onnxrun_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
