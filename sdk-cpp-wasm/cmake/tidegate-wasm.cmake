# Toolchain file: `cmake -B build -DCMAKE_TOOLCHAIN_FILE=…/sdk-cpp-wasm/cmake/tidegate-wasm.cmake`.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)

find_program(TIDEGATE_CLANG NAMES clang-19 clang REQUIRED)
find_program(TIDEGATE_CLANGXX NAMES clang++-19 clang++ REQUIRED)
set(CMAKE_C_COMPILER "${TIDEGATE_CLANG}")
set(CMAKE_CXX_COMPILER "${TIDEGATE_CLANGXX}")
set(CMAKE_C_COMPILER_TARGET wasm32-wasi)
set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
# What CMake builds to try the compiler has no `main` of a component.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

# Headers and libraries of the machine itself do not belong to a component.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
