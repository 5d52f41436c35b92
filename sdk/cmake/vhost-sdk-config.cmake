# find_package(vhost-sdk): vhost::sdk (headers), vhost::describe (tool), vhost_add_plugin(), vhost_plugin_test(), vhost_check_plugin().
include("${CMAKE_CURRENT_LIST_DIR}/vhost-sdk-targets.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/VhostAddPlugin.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/VhostPluginTest.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/VhostCheckPlugin.cmake")
