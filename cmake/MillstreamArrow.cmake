# Millstream::Arrow: Arrow C++ with compute, and with S3 where it is there. Millstream::Parquet: libparquet, for the engine alone.
# The wheel's libparquet shows a simdjson of another version to all that are linked with it, which would take the place of ours:
# so it must come behind libsimdjson wherever both are linked, and nothing that merely uses the engine links it directly.
# 'pyarrow' uses the headers and libraries inside the installed pyarrow wheel, so that Python and C++ share one libarrow.

set(MILLSTREAM_ARROW_MAJOR 26)
add_library(Millstream_Arrow INTERFACE)
add_library(Millstream::Arrow ALIAS Millstream_Arrow)
add_library(Millstream_Parquet INTERFACE)
add_library(Millstream::Parquet ALIAS Millstream_Parquet)

if(MILLSTREAM_ARROW STREQUAL "pyarrow")
  find_package(Python 3.11 COMPONENTS Interpreter REQUIRED)
  execute_process(
    COMMAND ${Python_EXECUTABLE} -c "import pyarrow; print(pyarrow.__path__[0]); print(pyarrow.__version__)"
    OUTPUT_VARIABLE pyarrow_found ERROR_VARIABLE pyarrow_error RESULT_VARIABLE pyarrow_rc
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT pyarrow_rc EQUAL 0)
    message(FATAL_ERROR "pyarrow ${MILLSTREAM_ARROW_MAJOR}.* is needed in ${Python_EXECUTABLE} (pip install 'pyarrow==${MILLSTREAM_ARROW_MAJOR}.*'), "
                        "or configure with -DMILLSTREAM_ARROW=system:\n${pyarrow_error}")
  endif()
  string(REPLACE "\n" ";" pyarrow_found "${pyarrow_found}")
  list(GET pyarrow_found 0 PYARROW_DIR)
  list(GET pyarrow_found 1 PYARROW_VERSION)
  if(NOT PYARROW_VERSION MATCHES "^${MILLSTREAM_ARROW_MAJOR}\\.")
    message(FATAL_ERROR "Millstream is built for Arrow ${MILLSTREAM_ARROW_MAJOR}, but ${PYARROW_DIR} holds ${PYARROW_VERSION}")
  endif()
  target_include_directories(Millstream_Arrow SYSTEM INTERFACE $<BUILD_INTERFACE:${PYARROW_DIR}/include>)
  foreach(lib arrow arrow_compute)
    target_link_libraries(Millstream_Arrow INTERFACE $<BUILD_INTERFACE:${PYARROW_DIR}/lib${lib}.so.${MILLSTREAM_ARROW_MAJOR}00>)
  endforeach()
  target_link_libraries(Millstream_Parquet INTERFACE "${PYARROW_DIR}/libparquet.so.${MILLSTREAM_ARROW_MAJOR}00")
  # S3 lives in a library of its own, which registers itself when loaded.
  set(MILLSTREAM_ARROW_S3 "${PYARROW_DIR}/libarrow_s3.so.${MILLSTREAM_ARROW_MAJOR}00")
  if(EXISTS "${MILLSTREAM_ARROW_S3}")
    target_link_libraries(Millstream_Arrow INTERFACE $<BUILD_INTERFACE:-Wl,--no-as-needed,${MILLSTREAM_ARROW_S3},--as-needed>)
  endif()
  set(MILLSTREAM_ARROW_RPATH "${PYARROW_DIR}")
elseif(MILLSTREAM_ARROW STREQUAL "system")
  find_package(Arrow ${MILLSTREAM_ARROW_MAJOR} REQUIRED)
  find_package(ArrowCompute QUIET)
  find_package(Parquet REQUIRED)
  target_link_libraries(Millstream_Arrow INTERFACE Arrow::arrow_shared)
  target_link_libraries(Millstream_Parquet INTERFACE Parquet::parquet_shared)
  if(TARGET ArrowCompute::arrow_compute_shared)
    target_link_libraries(Millstream_Arrow INTERFACE ArrowCompute::arrow_compute_shared)
  endif()
  set(MILLSTREAM_ARROW_RPATH "")
else()
  message(FATAL_ERROR "MILLSTREAM_ARROW must be 'pyarrow' or 'system', not '${MILLSTREAM_ARROW}'")
endif()
