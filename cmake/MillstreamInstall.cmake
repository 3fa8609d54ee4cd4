# Two components: `cpp` for C++ users (library, public headers, find_package files, command line) and `python` for the wheel.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set_target_properties(millstream PROPERTIES INSTALL_RPATH "$ORIGIN;$ORIGIN/../pyarrow;${MILLSTREAM_ARROW_RPATH}")

if(SKBUILD)
  # In a wheel everything lies in the package's folder, and pyarrow's beside it: no absolute path.
  set_target_properties(millstream PROPERTIES INSTALL_RPATH "$ORIGIN;$ORIGIN/../pyarrow" NAMELINK_COMPONENT none)
  install(TARGETS _core LIBRARY DESTINATION millstream COMPONENT python)
  install(TARGETS millstream LIBRARY DESTINATION millstream COMPONENT python NAMELINK_SKIP)
  if(TARGET millstream_cli)
    set_target_properties(millstream_cli PROPERTIES INSTALL_RPATH "$ORIGIN/..;$ORIGIN/../../pyarrow")
    install(TARGETS millstream_cli RUNTIME DESTINATION millstream/bin COMPONENT python)
  endif()
  return()
endif()

install(TARGETS millstream Millstream_Arrow EXPORT MillstreamTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT cpp)
install(DIRECTORY include/millstream DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT cpp)
if(TARGET millstream_cli)
  set_target_properties(millstream_cli PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR};${MILLSTREAM_ARROW_RPATH}")
  install(TARGETS millstream_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT cpp)
endif()
install(EXPORT MillstreamTargets NAMESPACE Millstream:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Millstream COMPONENT cpp)
configure_package_config_file(cmake/MillstreamConfig.cmake.in ${PROJECT_BINARY_DIR}/MillstreamConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Millstream)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/MillstreamConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/MillstreamConfig.cmake ${PROJECT_BINARY_DIR}/MillstreamConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Millstream COMPONENT cpp)
