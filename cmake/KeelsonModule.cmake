# kl_module(NAME [DEPS target…] [SOURCES file…])
#
# One static library from the sources of the current folder (all *.c unless SOURCES says otherwise). Its folder is its
# only public include path, and only for #include "…", so that a header of a module which is not linked is not found
# and a header named like one of libc's never shadows it.
add_library(kl_flags INTERFACE)
target_compile_options(kl_flags INTERFACE -Wall -Wextra -Werror -Wconversion -Wno-sign-conversion -Wshadow
  -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-format-truncation -fno-strict-aliasing -fno-common -fstack-protector-strong)
target_compile_definitions(kl_flags INTERFACE _GNU_SOURCE $<$<NOT:$<BOOL:${KL_SANITIZE}>>:_FORTIFY_SOURCE=2>
  KL_VERSION="${PROJECT_VERSION}" KL_KUBERNETES_VERSION="v1.33.0")
if(KL_SANITIZE)
  target_compile_options(kl_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer)
  target_link_options(kl_flags INTERFACE -fsanitize=address,undefined)
endif()
if(KL_FUZZ)
  target_compile_options(kl_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

function(kl_module name)
  cmake_parse_arguments(M "" "" "DEPS;SOURCES" ${ARGN})
  if(NOT M_SOURCES)
    file(GLOB M_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
  endif()
  if(NOT M_SOURCES) # headers only, so far
    add_library(${name} INTERFACE)
    target_compile_options(${name} INTERFACE "SHELL:-iquote ${CMAKE_CURRENT_SOURCE_DIR}")
    target_link_libraries(${name} INTERFACE kl_flags ${M_DEPS})
    return()
  endif()
  add_library(${name} STATIC ${M_SOURCES})
  target_compile_options(${name} PUBLIC "SHELL:-iquote ${CMAKE_CURRENT_SOURCE_DIR}")
  target_link_libraries(${name} PUBLIC kl_flags ${M_DEPS})
endfunction()

# kl_subdirs(DIR…): those of the folders that exist.
function(kl_subdirs)
  foreach(dir ${ARGN})
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${dir}/CMakeLists.txt)
      add_subdirectory(${dir})
    endif()
  endforeach()
endfunction()
