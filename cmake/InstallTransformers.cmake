# The library `transformers` for programs outside of this tree: headers, archives of its room and of those below, and a
# package, so that a program says
#
#   find_package(embrace-transformers REQUIRED)
#   target_link_libraries(mine PRIVATE embrace::transformers)
#
# Installed by `cmake --install BUILD --component transformers --prefix WHERE`. Rooms and what they link are taken from
# embrace_room(); where outside libraries are found is said here.
include(GNUInstallDirs)

# Lines of the package's config that make the target of an outside library.
function(emb_finds target out)
  set(modules argon2=libargon2 hwy=libhwy oniguruma=oniguruma icu=icu-uc jpeg=libjpeg png=libpng webp=libwebp)
  if(NOT target MATCHES "::")
    set(line "")  # a plain -lname
  elseif(target MATCHES "^PkgConfig::(.*)")
    set(name ${CMAKE_MATCH_1})
    list(FILTER modules INCLUDE REGEX "^${name}=")
    if(NOT modules)
      message(FATAL_ERROR "cmake/InstallTransformers.cmake does not know the pkg-config module of ${target}")
    endif()
    string(REGEX REPLACE ".*=" "" module ${modules})
    set(line "find_dependency(PkgConfig)\npkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${module})\n")
  elseif(target STREQUAL "Boost::json")
    set(line "find_dependency(Boost 1.81 COMPONENTS json)\n")
  elseif(target MATCHES "^(spdlog|OpenSSL|ZLIB|CURL|Threads)::")
    set(line "find_dependency(${CMAKE_MATCH_1})\n")
  elseif(target STREQUAL "DNNL::dnnl")
    set(line "find_dependency(dnnl)\n")
  else()
    message(FATAL_ERROR "cmake/InstallTransformers.cmake does not know how programs find ${target}")
  endif()
  set(${out} "${line}" PARENT_SCOPE)
endfunction()

function(install_transformers)
  set(finds "find_dependency(Threads)\n")
  set(targets "")
  set(sanitize "")
  if(EMB_SANITIZE)
    set(sanitize -fsanitize=${EMB_SANITIZE})
  endif()
  set(waiting transformers)
  set(done "")
  while(waiting)
    list(POP_FRONT waiting room)
    if(room IN_LIST done)
      continue()
    endif()
    list(APPEND done ${room})
    get_property(uses GLOBAL PROPERTY EMB_ROOM_USES_${room})
    get_property(links GLOBAL PROPERTY EMB_ROOM_LINKS_${room})
    list(APPEND waiting ${uses})
    foreach(link ${links})
      emb_finds(${link} line)
      string(APPEND finds "${line}")
    endforeach()
    list(TRANSFORM uses PREPEND embrace::)
    string(APPEND targets "add_library(embrace::${room} STATIC IMPORTED)\n"
      "set_target_properties(embrace::${room} PROPERTIES\n"
      "  IMPORTED_LOCATION \"\${_embrace_prefix}/${CMAKE_INSTALL_LIBDIR}/$<TARGET_FILE_NAME:embrace_${room}>\"\n"
      "  INTERFACE_INCLUDE_DIRECTORIES \"\${_embrace_prefix}/${CMAKE_INSTALL_INCLUDEDIR}/embrace-transformers\"\n"
      "  INTERFACE_COMPILE_FEATURES cxx_std_23\n"
      "  INTERFACE_LINK_OPTIONS \"${sanitize}\"\n"
      "  INTERFACE_LINK_LIBRARIES \"${uses};${links};Threads::Threads\")\n")
    install(FILES $<TARGET_FILE:embrace_${room}> DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT transformers)
  endwhile()

  # What headers of the library and of the rooms base, json and rt may name in public.
  foreach(folder base json transformers)
    install(DIRECTORY ${CMAKE_SOURCE_DIR}/src/${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/embrace-transformers
      COMPONENT transformers FILES_MATCHING PATTERN "*.h"
      PATTERN "testdata" EXCLUDE PATTERN "*_fixture.h" EXCLUDE PATTERN "hub_calls.h" EXCLUDE)
  endforeach()
  install(FILES ${CMAKE_SOURCE_DIR}/src/rt/blocking.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/embrace-transformers/rt
    COMPONENT transformers)

  file(RELATIVE_PATH up /p/${CMAKE_INSTALL_LIBDIR}/cmake/embrace-transformers /p)
  set(config ${CMAKE_BINARY_DIR}/embrace-transformers-config.cmake)
  file(GENERATE OUTPUT ${config} CONTENT
"# Made by cmake/InstallTransformers.cmake.
include(CMakeFindDependencyMacro)
get_filename_component(_embrace_prefix \"\${CMAKE_CURRENT_LIST_DIR}/${up}\" ABSOLUTE)
${finds}if(NOT TARGET embrace::transformers)
${targets}endif()
unset(_embrace_prefix)
")
  include(CMakePackageConfigHelpers)
  write_basic_package_version_file(${config}.version COMPATIBILITY SameMinorVersion)
  install(FILES ${config} DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/embrace-transformers COMPONENT transformers)
  install(FILES ${config}.version DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/embrace-transformers
    RENAME embrace-transformers-config-version.cmake COMPONENT transformers)
endfunction()
