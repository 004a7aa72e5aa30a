# kl_bpf_object(NAME SOURCE file.bpf.c [DEFINES X=1…] [INCLUDES dir…])
#
# Compiles a BPF program with Debian's newest clang and generates its skeleton NAME.skel.h into the build tree.
# Target NAME is an interface library: link it to include the skeleton (by its quoted name) and bpf/include.
find_program(KL_BPF_CLANG NAMES clang-19 clang-18 clang-17 clang-16 clang-15 clang-14 clang REQUIRED)
find_program(KL_BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin REQUIRED)
find_program(KL_BPF_STRIP NAMES llvm-strip-19 llvm-strip-14 llvm-strip)

function(kl_bpf_object name)
  cmake_parse_arguments(B "" "SOURCE" "DEFINES;INCLUDES" ${ARGN})
  get_filename_component(src ${B_SOURCE} ABSOLUTE)
  set(out ${CMAKE_BINARY_DIR}/bpf)
  file(MAKE_DIRECTORY ${out})
  set(flags -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 -Wall -Wextra -Werror -Wno-unused-parameter
    -Wno-address-of-packed-member -Wno-missing-declarations)
  foreach(d ${B_DEFINES})
    list(APPEND flags -D${d})
  endforeach()
  foreach(i ${CMAKE_SOURCE_DIR}/bpf/include ${CMAKE_SOURCE_DIR}/bpf /usr/include/${CMAKE_LIBRARY_ARCHITECTURE} ${B_INCLUDES})
    list(APPEND flags -I${i})
  endforeach()
  add_custom_command(OUTPUT ${out}/${name}.bpf.o
    COMMAND ${KL_BPF_CLANG} ${flags} -MD -MF ${out}/${name}.d -MT ${out}/${name}.bpf.o -c ${src} -o ${out}/${name}.bpf.o
    COMMAND ${KL_BPF_STRIP} -g ${out}/${name}.bpf.o
    DEPENDS ${src} DEPFILE ${out}/${name}.d VERBATIM COMMENT "BPF ${name}")
  add_custom_command(OUTPUT ${out}/${name}.skel.h
    COMMAND sh -c "'${KL_BPFTOOL}' gen skeleton '${out}/${name}.bpf.o' name ${name} > '${out}/${name}.skel.h'"
    DEPENDS ${out}/${name}.bpf.o VERBATIM COMMENT "BPF skeleton ${name}")
  add_custom_target(${name}_skel DEPENDS ${out}/${name}.skel.h)
  add_library(${name} INTERFACE)
  add_dependencies(${name} ${name}_skel)
  target_include_directories(${name} SYSTEM INTERFACE ${out})
endfunction()
