# VHOST_TEST_PYTHON: python of the test tools' venv; default: the one that tools/setup makes. Tests run it by
# tests/parity/run_python, which skips where it is missing.
set(cache_home "$ENV{XDG_CACHE_HOME}")
if(NOT cache_home)
  set(cache_home "$ENV{HOME}/.cache")
endif()
set(VHOST_TEST_PYTHON "${cache_home}/vhost/testenv/bin/python" CACHE FILEPATH "Python with the test tools")
