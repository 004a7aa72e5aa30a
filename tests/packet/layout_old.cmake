# Targets of the tests of migration: the dataplane built for another layout of the tables (layout_old.sh), as a library
# kl_old_dataplane with the same headers' names.
set(old ${CMAKE_BINARY_DIR}/layout_old)
set(old_headers ${old}/include/keelson/abi.h ${old}/include/keelson/hash.h)
add_custom_command(OUTPUT ${old_headers}
  COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/layout_old.sh ${CMAKE_SOURCE_DIR}/bpf/include ${old}/include
  DEPENDS layout_old.sh ${CMAKE_SOURCE_DIR}/bpf/include/keelson/abi.h ${CMAKE_SOURCE_DIR}/bpf/include/keelson/hash.h
  VERBATIM COMMENT "Headers of another layout")
file(GLOB old_bpf_headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bpf/lib/*.h)

set(old_skeletons)
function(old_bpf_object name source)
  set(flags -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 -Wno-address-of-packed-member -Wno-missing-declarations ${ARGN})
  add_custom_command(OUTPUT ${old}/${name}.skel.h
    COMMAND ${KL_BPF_CLANG} ${flags} -I${old}/include -I${CMAKE_SOURCE_DIR}/bpf -I/usr/include/${CMAKE_LIBRARY_ARCHITECTURE}
      -c ${CMAKE_SOURCE_DIR}/bpf/${source} -o ${old}/${name}.bpf.o
    COMMAND ${KL_BPF_STRIP} -g ${old}/${name}.bpf.o
    COMMAND sh -c "'${KL_BPFTOOL}' gen skeleton '${old}/${name}.bpf.o' name ${name} > '${old}/${name}.skel.h'"
    DEPENDS ${CMAKE_SOURCE_DIR}/bpf/${source} ${old_bpf_headers} ${old_headers} VERBATIM COMMENT "BPF ${name}, another layout")
  set(old_skeletons ${old_skeletons} ${old}/${name}.skel.h PARENT_SCOPE)
endfunction()
old_bpf_object(kl_maps_bpf maps.bpf.c)
old_bpf_object(kl_carry_bpf carry.bpf.c)
old_bpf_object(kl_sock_bpf sock.bpf.c)
old_bpf_object(kl_reap_bpf reap.bpf.c)
old_bpf_object(kl_pod_bpf pod.bpf.c)
old_bpf_object(kl_lb_tc_bpf lb.bpf.c)
old_bpf_object(kl_lb_xdp_bpf lb.bpf.c -DKL_XDP)
add_custom_target(kl_old_skeletons DEPENDS ${old_skeletons})

set(old_folders maps load model sync)
set(old_sources)
foreach(folder ${old_folders})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/dataplane/${folder}/*.c)
  list(APPEND old_sources ${sources})
endforeach()
add_library(kl_old_dataplane STATIC ${old_sources} packet_lib.c)
add_dependencies(kl_old_dataplane kl_old_skeletons)
target_compile_definitions(kl_old_dataplane PRIVATE KL_COMMIT="another layout")
target_include_directories(kl_old_dataplane BEFORE PUBLIC ${old}/include)
target_include_directories(kl_old_dataplane SYSTEM PUBLIC ${old})
foreach(folder ${old_folders})
  target_compile_options(kl_old_dataplane PUBLIC "SHELL:-iquote ${CMAKE_SOURCE_DIR}/dataplane/${folder}")
endforeach()
target_compile_options(kl_old_dataplane PUBLIC "SHELL:-iquote ${CMAKE_CURRENT_SOURCE_DIR}")
target_link_libraries(kl_old_dataplane PUBLIC kl_testlib base PkgConfig::bpf Threads::Threads)
