"""tools/setup says what is missing and why it can't go on; no package or index is touched here."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

TOOL = str(pathlib.Path(__file__).resolve().parents[2] / "tools/setup")
PACKAGES = [line.split()[1] for line in open(os.path.join(os.path.dirname(TOOL), "packages.debian"))
            if not line.startswith("#")]


class SetupTests(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "bin").mkdir()

    def fake(self, name, body):
        path = self.folder / "bin" / name
        path.write_text("#!/bin/sh\n" + body)
        path.chmod(0o755)

    def all_packages_installed(self):
        self.fake("dpkg-query", "".join(f"echo 'installed {name}'\n" for name in PACKAGES))

    def setup(self, *arguments, path=None, **environment):
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.folder / "cache"),
                       "PATH": path or f"{self.folder}/bin:{os.environ['PATH']}", **environment}
        return subprocess.run([TOOL, *arguments], cwd="/", env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60)

    def test_every_missing_package_is_named_with_its_reason(self):
        self.fake("dpkg-query", "exit 0")
        done = self.setup("--check", "--tests")
        self.assertEqual(done.returncode, 1)
        for name in PACKAGES:
            self.assertRegex(done.stderr, rf"(?m)^  {name.replace('+', '[+]')} +\S+ \S+")
        self.assertIn("Missing: LibTorch 2.11.0", done.stderr)

    def test_without_the_test_option_test_tools_are_not_wanted(self):
        self.fake("dpkg-query", "exit 0")
        self.assertNotIn("abigail-tools", self.setup("--check").stderr)

    def test_nothing_is_installed_without_being_asked_for(self):
        self.fake("apt-get", "echo apt-get ran >&2")
        self.fake("dpkg-query", "exit 0")
        done = self.setup()
        self.assertEqual(done.returncode, 1)
        self.assertIn("error: can't ask, as the input is no terminal: run tools/setup --yes\n", done.stderr)
        self.assertNotIn("apt-get ran", done.stderr)
        self.assertFalse((self.folder / "cache").exists())

    def test_a_package_that_apt_does_not_have_is_named(self):
        self.fake("dpkg-query", "exit 0")
        self.fake("apt-get", "exit 0")
        self.fake("sudo", '"$@"')
        self.fake("apt-cache", 'test "$2" != mold')
        done = self.setup("--yes")
        self.assertEqual(done.returncode, 1)
        self.assertIn("error: apt has no package: mold. Is this Debian 12", done.stderr)

    def test_a_failing_apt_get_ends_with_a_message(self):
        self.fake("dpkg-query", "exit 0")
        self.fake("apt-cache", "exit 0")
        self.fake("sudo", '"$@"')
        self.fake("apt-get", "echo E: no network >&2; exit 100")
        done = self.setup("--yes")
        self.assertEqual(done.returncode, 1)
        self.assertIn("error: apt-get could not install: g++ cmake", done.stderr)

    def test_a_user_without_sudo_gets_the_command_for_root(self):
        self.fake("dpkg-query", "exit 0")
        self.fake("id", "echo 1000")
        for name in ("bash", "env", "dirname", "readlink", "sed", "tr", "mkdir", "flock", "cat", "sha256sum", "cut"):
            (self.folder / "bin" / name).symlink_to(shutil.which(name))
        done = self.setup("--yes", path=f"{self.folder}/bin")
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no sudo; as root run: apt-get install g++ cmake", done.stderr)

    def test_a_failing_pip_ends_with_a_message(self):
        self.all_packages_installed()
        done = self.setup("--yes", PIP_INDEX_URL="file:///nowhere", PIP_FIND_LINKS="", PIP_NO_INDEX="1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("error: pip could not install torch==2.11.0 into", done.stderr)

    def test_an_unwritable_cache_is_named(self):
        self.all_packages_installed()
        done = self.setup("--yes", XDG_CACHE_HOME="/dev/null/cache")
        self.assertEqual(done.returncode, 1)
        self.assertIn("error: can't write to /dev/null/cache/vhost", done.stderr)

    def test_an_unknown_option_is_wrong_usage(self):
        done = self.setup("--yess")
        self.assertEqual((done.returncode, done.stderr), (2, "error: unknown option --yess; see tools/setup --help\n"))

    def test_it_is_silent_when_all_is_there(self):
        if subprocess.run([TOOL, "--check"], capture_output=True).returncode != 0:
            self.skipTest("this machine was not set up by tools/setup")
        done = subprocess.run([TOOL, "--yes"], cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


if __name__ == "__main__":
    unittest.main()
