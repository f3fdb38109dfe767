# Toolchain for 64-bit Arm from another Debian machine: Debian's cross compiler, qemu-user to run tests, and a folder of arm64
# packages (ONR_SYSROOT) that tools/test_aarch64.sh fills. May assume: gcc-aarch64-linux-gnu. Never looks for libraries or
# headers outside that folder, and never takes a program from it.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)

set(ONR_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/sysroot-aarch64 CACHE PATH "Unpacked arm64 packages")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES ONR_SYSROOT)
get_filename_component(CMAKE_SYSROOT ${ONR_SYSROOT} ABSOLUTE)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_DIR} "")
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)

find_program(ONR_QEMU NAMES qemu-aarch64 qemu-aarch64-static)
if(ONR_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${ONR_QEMU} -L ${CMAKE_SYSROOT})
endif()
