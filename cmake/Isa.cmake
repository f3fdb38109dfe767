# The file suffix is the contract: which instruction set a kernel file is compiled for, and whether it is built at all.
# May assume: gcc or clang. Never gives a flag to a file without a suffix: all else runs on the baseline CPU.
add_library(onr_isa INTERFACE)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(ONR_X86 ON)
  target_compile_definitions(onr_isa INTERFACE ONR_HAVE_X86=1)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(ONR_NEON ON)
  target_compile_definitions(onr_isa INTERFACE ONR_HAVE_NEON=1)
endif()

set(ONR_FLAGS_avx2 -mavx2 -mfma -mf16c)
set(ONR_FLAGS_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl ${ONR_FLAGS_avx2} -mprefer-vector-width=512)
set(ONR_FLAGS_avx512vnni ${ONR_FLAGS_avx512} -mavx512vnni)
set(ONR_FLAGS_avx512bf16 ${ONR_FLAGS_avx512} -mavx512bf16)

# Gives the files in the list named `list_name` their ISA flags and removes those that this machine cannot build.
function(onr_isa_flags list_name)
  set(kept)
  foreach(file ${${list_name}})
    set(isa "")
    if(file MATCHES "_(avx2|avx512|avx512vnni|avx512bf16)\\.c$")
      set(isa ${CMAKE_MATCH_1})
      if(NOT ONR_X86)
        continue()
      endif()
      set_property(SOURCE ${file} APPEND PROPERTY COMPILE_OPTIONS ${ONR_FLAGS_${isa}})
    elseif(file MATCHES "_neon\\.c$" AND NOT ONR_NEON)
      continue()
    endif()
    list(APPEND kept ${file})
  endforeach()
  set(${list_name} ${kept} PARENT_SCOPE)
endfunction()

# Kernels are the hot loops: -O3, also -O2 in Debug so that sanitizer runs end in reasonable time. Traps are never enabled, and
# without them the compiler may turn branches of float code into selects; results stay the same.
# Kernels run between guard pages in their own checks; under ASan their unrolled tiles take most of the build's time, so they are left
# as they are there unless ONR_SANITIZE_KERNELS asks (tools/test.sh --slow does).
function(onr_kernel_flags)
  foreach(file ${ARGN})
    set_property(SOURCE ${file} APPEND PROPERTY COMPILE_OPTIONS -fno-trapping-math $<IF:$<CONFIG:Debug>,-O2,-O3>)
    if(ONR_SANITIZE MATCHES "address" AND NOT ONR_SANITIZE_KERNELS)
      set_property(SOURCE ${file} APPEND PROPERTY COMPILE_OPTIONS -fno-sanitize=all)
    endif()
  endforeach()
endfunction()
