"""A process that exits while sub-interpreters exist, each of which has made a call."""

import sys
import unittest

from programs import START, Programs


class SubInterpreters(Programs):
    @unittest.skipUnless((3, 9) <= sys.version_info < (3, 12), "ctypes supports the main interpreter only")
    def test_a_process_exits_while_sub_interpreters_exist(self):
        output = self.run_program(
            """
            import _xxsubinterpreters as interpreters
            for _ in range(2):
                interpreter = interpreters.create()
                interpreters.run_string(interpreter, START + "assert api.get_oauth_scopes().entities")
            print("done")
            """,
            f"START = {START!r}\n",
        )
        self.assertEqual(output, ["done"])


if __name__ == "__main__":
    unittest.main()
