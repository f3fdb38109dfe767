# What `cmake --install` copies: the public header, both libraries, the tool with its manual and completions, a pkg-config file.
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
  # The tool writes its own manual and completions. One that is built for another machine may not run here: then there are none.
  if(NOT CMAKE_CROSSCOMPILING)
    set(onr_share ${PROJECT_BINARY_DIR}/gen/share)
    file(MAKE_DIRECTORY ${onr_share})
    add_custom_command(OUTPUT ${onr_share}/onnxrun.1 ${onr_share}/onnxrun ${onr_share}/_onnxrun
      COMMAND onnxrun_cli help --man > ${onr_share}/onnxrun.1
      COMMAND onnxrun_cli completion bash > ${onr_share}/onnxrun
      COMMAND onnxrun_cli completion zsh > ${onr_share}/_onnxrun
      DEPENDS onnxrun_cli COMMENT "Writing the manual page and completions" VERBATIM)
    add_custom_target(onnxrun_share ALL DEPENDS ${onr_share}/onnxrun.1)
    install(FILES ${onr_share}/onnxrun.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
    install(FILES ${onr_share}/onnxrun DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
    install(FILES ${onr_share}/_onnxrun DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
  endif()
endif()
