"""`python -m benchmarks [NAME …]`: run the benchmarks and print their tables.

FACTS (default 100000) sets how many facts are generated, FACTS_IMPORTED how many are imported. The database is a
new SQLite file in a temporary folder; with DATABASE_URL naming a server, a database made for the run there (as the
test runner makes one).
"""

import os
import sys
import tempfile
from pathlib import Path


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="sandarbh-bench-") as folder:
        if "DATABASE_URL" not in os.environ:
            os.environ["DATABASE_URL"] = f"sqlite:///{Path(folder) / 'bench.sqlite3'}"
        os.environ.setdefault("SECRET_KEY", "benchmarks only")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        os.environ["ALLOWED_HOSTS"] = "testserver,localhost"

        import django

        django.setup()
        from django.core.management import call_command

        from benchmarks import facts_page, importing, loading, search, states
        from benchmarks.generated import database

        on_empty = {"loading": loading.run, "importing": importing.run}  # importing fills it, so it is the last
        on_facts = {"facts-page": facts_page.run, "search": search.run, "states": states.run}
        known = on_empty | on_facts
        wanted = sys.argv[1:] or list(known)
        if unknown := sorted(set(wanted) - set(known)):
            sys.exit(f"No benchmark is called {', '.join(unknown)}; there are: {', '.join(known)}.")
        call_command("collectstatic", interactive=False, verbosity=0)
        for benchmarks, facts in ((on_empty, 0), (on_facts, int(os.environ.get("FACTS", "100000")))):
            if chosen := [name for name in wanted if name in benchmarks]:
                with database(facts):
                    for name in chosen:
                        known[name]()


main()
