# The website inside the program: what `npm run build` left in EMBRACE_WEB_BUILD becomes one generated source file of the
# room `web`. Without that folder the program is built all the same, and its pages say how to build them.
set(EMBRACE_WEB_BUILD "${CMAKE_SOURCE_DIR}/web/build" CACHE PATH "the website's files, made by npm run build in web/")
find_package(Python3 REQUIRED COMPONENTS Interpreter)

function(embed_web_pages target)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${EMBRACE_WEB_BUILD}/*)
  set(source ${CMAKE_BINARY_DIR}/web_pages.cc)
  add_custom_command(
    OUTPUT ${source}
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/scripts/embed_web.py ${EMBRACE_WEB_BUILD} ${source}
    DEPENDS ${CMAKE_SOURCE_DIR}/scripts/embed_web.py ${files}
    COMMENT "Embedding the pages of ${EMBRACE_WEB_BUILD}"
    VERBATIM)
  target_sources(${target} PRIVATE ${source})
endfunction()
