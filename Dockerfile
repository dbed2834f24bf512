# The image that runs `shardline`; it holds no sandbox, no tests and no compiler.
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY setup.py pyproject.toml constraints.txt README.md LICENSE ./
COPY lowlevel lowlevel
COPY pipelines pipelines
COPY sandbox sandbox
RUN python3 -m venv /opt/shardline \
    && /opt/shardline/bin/pip install --no-cache-dir --constraint constraints.txt pip \
    && /opt/shardline/bin/pip install --no-cache-dir --constraint constraints.txt \
        --build-constraint constraints.txt '.[postgresql]' \
    && rm -r /opt/shardline/lib/python3.*/site-packages/sandbox

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="shardline" \
      org.opencontainers.image.description="Sharded SQL Server into Vertica, exactly once" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/shardline /opt/shardline
COPY luigi.cfg /etc/luigi/luigi.cfg
ENV PATH=/opt/shardline/bin:${PATH} PYTHONUNBUFFERED=1
RUN useradd --uid 10001 --create-home shardline
USER 10001
WORKDIR /home/shardline
ENTRYPOINT ["shardline"]
CMD ["--help"]
