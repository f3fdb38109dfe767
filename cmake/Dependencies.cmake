# Finds what the library (onr_dependencies) and io (onr_io_dependencies) link with; the names are in tools/install_deps.sh.
# May assume: nothing is vendored. Never falls back to a download: what is missing is an error that names the package.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c)
find_program(ONR_PROTOC_C NAMES protoc-c REQUIRED)

# Debian's package has no pkg-config file.
find_path(ONR_PTHREADPOOL_INCLUDE pthreadpool.h)
find_library(ONR_PTHREADPOOL_LIBRARY pthreadpool)
if(NOT ONR_PTHREADPOOL_INCLUDE OR NOT ONR_PTHREADPOOL_LIBRARY)
  message(FATAL_ERROR "pthreadpool is missing (Debian: libpthreadpool-dev)")
endif()

add_library(onr_dependencies INTERFACE)
target_include_directories(onr_dependencies SYSTEM INTERFACE ${ONR_PTHREADPOOL_INCLUDE})
target_link_libraries(onr_dependencies INTERFACE PkgConfig::PROTOBUF_C ${ONR_PTHREADPOOL_LIBRARY} Threads::Threads m)
if(ONR_SLEEF)
  find_path(ONR_SLEEF_INCLUDE sleef.h REQUIRED)
  find_library(ONR_SLEEF_LIBRARY sleef REQUIRED)
  target_include_directories(onr_dependencies SYSTEM INTERFACE ${ONR_SLEEF_INCLUDE})
  target_compile_definitions(onr_dependencies INTERFACE ONR_HAVE_SLEEF=1)
  target_link_libraries(onr_dependencies INTERFACE ${ONR_SLEEF_LIBRARY})
endif()

find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson)
add_library(onr_io_dependencies INTERFACE)
target_link_libraries(onr_io_dependencies INTERFACE PNG::PNG JPEG::JPEG PkgConfig::LIBZIP PkgConfig::CJSON)
