# tidegate_plugin(NAME SOURCE...)
#   With the toolchain file: the module NAME.wasm, which `tidegate plugin build` makes a component of.
#   Without it: the library NAME for tests of your own, with services that behave like a gateway that grants nothing.
# tidegate_test(NAME SOURCE...)
#   A test of ctest that links the library of a plugin: target_link_libraries(NAME PRIVATE PLUGIN). Nothing for a component.
cmake_minimum_required(VERSION 3.22)
get_filename_component(TIDEGATE_SDK "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
# Where `nlohmann/json.hpp` stands, for <tidegate/json.hpp>.
set(TIDEGATE_JSON_INCLUDE "/usr/include" CACHE PATH "folder that has nlohmann/json.hpp")

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()

# Only the folder of one library: what else stands beside it belongs to the machine and not to the component.
function(_tidegate_json target)
    set(folder "${CMAKE_BINARY_DIR}/tidegate-include")
    if(EXISTS "${TIDEGATE_JSON_INCLUDE}/nlohmann/json.hpp" AND NOT EXISTS "${folder}/nlohmann")
        file(MAKE_DIRECTORY "${folder}")
        file(CREATE_LINK "${TIDEGATE_JSON_INCLUDE}/nlohmann" "${folder}/nlohmann" SYMBOLIC)
    endif()
    target_include_directories(${target} SYSTEM PUBLIC "${folder}")
endfunction()

function(_tidegate_compile target)
    target_compile_features(${target} PUBLIC cxx_std_20)
    target_include_directories(${target} PUBLIC "${TIDEGATE_SDK}/include")
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions> -Wall -Wextra)
    _tidegate_json(${target})
endfunction()

function(_tidegate_component name)
    add_executable(${name} ${ARGN} "${TIDEGATE_SDK}/c/plugin.c" "${TIDEGATE_SDK}/src/abort.cpp")
    _tidegate_compile(${name})
    set_target_properties(${name} PROPERTIES SUFFIX .wasm)
    # An index that is out of bounds ends the call instead of reading what is there.
    target_compile_definitions(${name} PRIVATE _LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_FAST)
    target_compile_options(${name} PRIVATE -Os $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>)
    set_source_files_properties("${TIDEGATE_SDK}/c/plugin.c" PROPERTIES COMPILE_OPTIONS "-w")
    # The second library of printf writes no warnings to a standard error, which would be an import. Without room of its own
    # below the data, a stack that is too deep would overwrite them in place of ending the call.
    target_link_libraries(${name} PRIVATE "${TIDEGATE_SDK}/c/plugin_component_type.o" c-printscan-long-double)
    target_link_options(${name} PRIVATE -mexec-model=reactor
        LINKER:--gc-sections LINKER:--strip-all LINKER:--stack-first LINKER:-z,stack-size=262144)
endfunction()

function(_tidegate_library name)
    add_library(${name} STATIC ${ARGN} "${TIDEGATE_SDK}/c/plugin.c" "${TIDEGATE_SDK}/offline/offline.cpp")
    _tidegate_compile(${name})
    set_source_files_properties("${TIDEGATE_SDK}/c/plugin.c" PROPERTIES COMPILE_OPTIONS "-w")
endfunction()

function(tidegate_plugin name)
    if(CMAKE_SYSTEM_PROCESSOR STREQUAL "wasm32")
        _tidegate_component(${name} ${ARGN})
    else()
        _tidegate_library(${name} ${ARGN})
    endif()
endfunction()

function(tidegate_test name)
    if(CMAKE_SYSTEM_PROCESSOR STREQUAL "wasm32")
        return()
    endif()
    add_executable(${name} ${ARGN})
    add_test(NAME ${name} COMMAND ${name})
endfunction()
