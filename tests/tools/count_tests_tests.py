"""tools/lib/count_tests.py counts honestly: cases, skips, crashes, and contradictions."""
import os
import subprocess
import sys
import tempfile
import unittest
from xml.sax.saxutils import escape

TOOL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/lib/count_tests.py")


def boost_log(*cases):
    lines = ['Entering test module "foo_tests"']
    for name, body in cases:
        if body.startswith("because"):
            lines.append(f'Test case "foo_tests/{name}" is skipped because {body[8:]}')
        else:
            lines += [f'foo_tests.cpp(3): Entering test case "{name}"', body,
                      f'foo_tests.cpp(3): Leaving test case "{name}"; testing time: 12us']
    return "\n".join(lines)


class CountTests(unittest.TestCase):
    def count(self, *tests):
        """tests: (name, "run" | "fail" | "notrun", output); returns (exit status, output lines)."""
        mark = {"run": "", "fail": '<failure message=""/>', "notrun": '<skipped message="SKIP_RETURN_CODE=77"/>'}
        cases = "".join(f'<testcase name="{name}" status="{status}">{mark[status]}<system-out>{escape(output)}</system-out>'
                        "</testcase>" for name, status, output in tests)
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as junit:
            junit.write(f"<testsuite>{cases}</testsuite>")
            junit.flush()
            done = subprocess.run([sys.executable, TOOL, f"release={junit.name}"], capture_output=True, text=True)
        return done.returncode, (done.stdout + done.stderr).splitlines()

    def test_a_boost_suite_counts_with_each_case(self):
        status, lines = self.count(("foo_tests", "run", boost_log(("a", "fine"), ("b", "fine"))), ("script", "run", "ok"))
        self.assertEqual((status, lines[-1]), (0, "3 passed, 0 failed, 0 skipped"))

    def test_skipped_cases_and_tests_are_not_passes(self):
        log = boost_log(("a", "fine"), ("b", "skipped: no media"), ("c", "because precondition failed"))
        status, lines = self.count(("foo_tests", "run", log), ("gpu_tests", "notrun", "skipped: no device"))
        self.assertEqual((status, lines[-1]), (0, "1 passed, 0 failed, 3 skipped"))
        self.assertIn("skipped  foo_tests/b: skipped: no media [release]", lines)

    def test_a_failed_case_fails(self):
        log = boost_log(("a", 'foo_tests.cpp(9): error: in "foo_tests/a": check 1 == 2 has failed'), ("b", "fine"))
        status, lines = self.count(("foo_tests", "fail", log))
        self.assertEqual((status, lines[-1]), (1, "1 passed, 1 failed, 0 skipped"))
        self.assertIn("failed   foo_tests/a [release]", lines)

    def test_a_crash_or_timeout_without_a_failed_case_adds_one(self):
        log = boost_log(("a", "fine"))
        self.assertEqual(self.count(("foo_tests", "fail", log))[1][-1], "1 passed, 1 failed, 0 skipped")
        died = log + '\nfoo_tests.cpp(7): Entering test case "b"'
        self.assertEqual(self.count(("foo_tests", "fail", died))[1][-1], "1 passed, 1 failed, 0 skipped")

    def test_a_failed_case_counts_though_the_program_ended_as_passed(self):
        log = boost_log(("a", 'foo_tests.cpp(9): error: in "foo_tests/a": check 1 == 2 has failed'))
        status, lines = self.count(("foo_tests", "run", log))
        self.assertEqual((status, lines[-1]), (1, "0 passed, 1 failed, 0 skipped"))

    def test_a_script_may_count_its_own_checks(self):
        self.assertEqual(self.count(("rows", "run", "5 passed, 0 failed, 2 skipped"))[1][-1], "5 passed, 0 failed, 2 skipped")

    def test_a_unittest_counts_with_each_case(self):
        self.assertEqual(self.count(("py", "run", "..s\n-----\nRan 3 tests in 0.1s\n\nOK (skipped=1)\n"))[1][-1],
                         "2 passed, 0 failed, 1 skipped")
        self.assertEqual(self.count(("py", "fail", "Ran 4 tests in 0.1s\n\nFAILED (failures=1, errors=1)\n"))[1][-1],
                         "2 passed, 2 failed, 0 skipped")

    def test_nothing_run_is_no_success(self):
        self.assertEqual(self.count(("gpu_tests", "notrun", ""))[0], 1)


if __name__ == "__main__":
    unittest.main()
