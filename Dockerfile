# Two images of one file: `pipelines` runs `shardline`, `luigid` is Luigi's scheduler.
# Neither holds the sandbox, the tests, pip or a compiler. docs/image.md tells how to
# build them behind a mirror, and `make image` builds both.
ARG BASE_IMAGE=docker.io/library/python:3.13-slim
# The same Python with a C compiler; without one, Debian's is installed.
ARG BUILD_IMAGE=${BASE_IMAGE}

FROM ${BUILD_IMAGE} AS build
# The compiler stays in this stage, and is whichever its Debian has.
# hadolint ignore=DL3008
RUN command -v gcc \
    || { apt-get update \
        && apt-get install --yes --no-install-recommends gcc libc6-dev \
        && rm -rf /var/lib/apt/lists/*; }
# pip takes its options from the secret pip.conf, if there is one, and from these.
ENV PIP_CONFIG_FILE=/run/secrets/pip.conf PIP_NO_CACHE_DIR=1
ARG PIP_INDEX_URL
WORKDIR /src
COPY requirements.txt ./
RUN --mount=type=secret,id=pip.conf --mount=type=secret,id=ca.crt \
    python3 -m venv /opt/shardline \
    && /opt/shardline/bin/pip install --only-binary :all: --require-hashes \
        --requirement requirements.txt
COPY setup.py pyproject.toml README.md LICENSE ./
COPY lowlevel lowlevel
COPY pipelines pipelines
COPY sandbox sandbox
COPY deploy/inventory.py deploy/
RUN /opt/shardline/bin/pip install --no-index --no-deps --no-build-isolation . \
    && /opt/shardline/bin/pip uninstall --yes cython setuptools pip \
    && rm -r /opt/shardline/lib/python3.*/site-packages/sandbox \
    && find /opt/shardline -type d -name tests -prune -exec rm -r {} + \
    && /opt/shardline/bin/python deploy/inventory.py /opt/shardline/share/doc/shardline

FROM ${BASE_IMAGE} AS runtime
# By number, since orchestrators check that it is not 0; the state of luigid is its own.
RUN groupadd --gid 10001 shardline \
    && useradd --no-log-init --uid 10001 --gid 10001 --create-home shardline \
    && install --directory --owner 10001 --group 10001 /var/lib/luigi-server
COPY deploy/authorities /usr/local/share/ca-certificates/shardline
RUN update-ca-certificates
COPY --from=build /opt/shardline /opt/shardline
COPY luigi.cfg /etc/luigi/luigi.cfg
COPY deploy/luigi.cfg /etc/shardline/luigi.cfg
ENV PATH=/opt/shardline/bin:${PATH} \
    LUIGI_CONFIG_PATH=/etc/shardline/luigi.cfg \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    PYTHONUNBUFFERED=1 \
    SHARDLINE_LOG_FORMAT=json
# What is written where the rest is read-only; a volume takes over its owner from here.
VOLUME /tmp /home/shardline
USER 10001:10001
WORKDIR /home/shardline
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="shardline" \
      org.opencontainers.image.description="Sharded SQL Server into Vertica, exactly once" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"

FROM runtime AS luigid
LABEL org.opencontainers.image.title="shardline-luigid" \
      org.opencontainers.image.description="Luigi's scheduler and page, for shardline"
COPY deploy/luigid_healthy.py /usr/local/bin/luigid-healthy
# Its state, written when it is told to end: whoever replaces it mounts the same volume.
VOLUME /var/lib/luigi-server
EXPOSE 8082
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["luigid-healthy"]
ENTRYPOINT ["luigid"]

FROM runtime AS pipelines
STOPSIGNAL SIGTERM
ENTRYPOINT ["shardline"]
CMD ["--help"]
