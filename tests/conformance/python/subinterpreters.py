"""A process that ends while sub-interpreters stand, in each of which a call was made."""

import sys
import unittest

from programs import START, Programs


class SubInterpreters(Programs):
    @unittest.skipUnless((3, 9) <= sys.version_info < (3, 12), "ctypes runs in the main interpreter alone")
    def test_a_process_ends_while_sub_interpreters_stand(self):
        said = self.program(
            """
            import _xxsubinterpreters as interpreters
            for _ in range(2):
                interpreter = interpreters.create()
                interpreters.run_string(interpreter, START + "assert api.get_oauth_scopes().entities")
            print("done")
            """,
            f"START = {START!r}\n",
        )
        self.assertEqual(said, ["done"])


if __name__ == "__main__":
    unittest.main()
