# One tree, two images: `runtime`, which a plain `docker build .` gives, and `demo` with the worked example, what trains
# and serves its models, and the local endpoint. Each has the service, the worker and their one-shot commands.

# Where a registry can be asked, pin it: --build-arg BASE=python:3.13-slim@sha256:... (docs/deploy.md#images)
ARG BASE=python:3.13-slim


FROM ${BASE} AS packages

RUN apt-get update -qq \
 && apt-get install --quiet --quiet --yes --no-install-recommends binutils >/dev/null \
 && rm -rf /var/lib/apt/lists/*
COPY requirements.txt requirements-*.txt /
# What some platforms need beside it, each from its own lock file: --build-arg EXTRAS="vertex azure"
ARG EXTRAS=""
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv --without-pip /opt/venv \
 && pip --python /opt/venv/bin/python install --require-hashes --no-compile -r /requirements.txt \
      $(for group in $EXTRAS; do printf -- "-r /requirements-%s.txt " "$group"; done)
# What boto3 can call. The last three are ways to credentials. Your own code may need more: --build-arg AWS_SERVICES=...
ARG AWS_SERVICES="s3 sagemaker sagemaker-runtime sts sso sso-oidc signin"
COPY deploy/slim.py /
# Some wheels come with debug symbols: 50 MB. What lies in *.libs was rewritten by auditwheel, and stays as it is.
RUN python /slim.py /opt/venv/lib/python3*/site-packages $AWS_SERVICES \
 && find /opt/venv -name "*.so" -not -path "*.libs/*" -exec strip --strip-unneeded {} +
# A read-only root file system keeps no bytecode, so it is made here: of the largest, for what is imported.
RUN /opt/venv/bin/python -m compileall -q -j 0 -x "/(scipy|sklearn|dialects/(mssql|mysql|oracle|sqlite))/" /opt/venv \
 && /opt/venv/bin/python -c "import scipy.stats, sklearn.compose, sklearn.impute, sklearn.metrics, uvloop"


# The library that trains and serves the sample models, and nothing else of its requirements: the rest is there.
FROM packages AS sample

RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --require-hashes --no-compile -r /requirements-sample.txt \
 && cd /opt/venv/lib/python3*/site-packages \
 && rm -r xgboost/testing xgboost/spark xgboost/dask \
 && strip --strip-unneeded xgboost/lib/*.so \
 && /opt/venv/bin/python -m compileall -q xgboost \
 && /opt/venv/bin/python -c "import xgboost" \
 && mkdir -p "/sample$PWD" && mv xgboost* "/sample$PWD"


# The base without what installs packages, which nobody does in a container: apt, pip, Perl; without manuals, too.
FROM ${BASE} AS system

RUN pip uninstall --quiet --yes --root-user-action ignore pip \
 && useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent app
# A volume that is new takes its owner from here.
RUN install --directory --owner app --group app --mode 750 /secrets /secrets/app /secrets/owner /secrets/db /secrets/s3 \
      /secrets/key /secrets/grafana /secrets/prometheus
RUN dpkg --purge --force-remove-essential --force-depends --force-remove-protected \
      $(dpkg-query --show --showformat '${Package}\n' apt bsdutils "libapt-pkg*" debconf debian-archive-keyring login mount \
          passwd perl-base "python3*-whl" sqv util-linux 2>/dev/null) >/dev/null 2>&1 \
 && rm -rf /usr/include /usr/local/include /usr/lib/*/gconv /usr/lib/*/perl-base /usr/share/doc /usr/share/info \
      /usr/share/locale /usr/share/man /var/cache/* /var/lib/apt /var/lib/dpkg/info/*.symbols /var/log/* \
 && stdlib=$(python -c "import sysconfig; print(sysconfig.get_path('stdlib'))") \
 && rm -rf "$stdlib/ensurepip" "$stdlib/idlelib" "$stdlib/pydoc_data" "$stdlib/test" "$stdlib/turtledemo" \
 && python -m compileall -q -x "/site-packages/" "$stdlib"


# The project's own files, and their bytecode.
FROM ${BASE} AS service

WORKDIR /srv
COPY LICENSE deploy/healthcheck.py deploy/make_secrets.py ./
COPY migrations migrations
# A package of your own, which the four files import: another line such as this, and one in .dockerignore.
COPY app app
RUN python -m compileall -q app migrations

FROM service AS service-alone

COPY deploy/left_out.py /
RUN rm -r app/local && mkdir app/local examples \
 && cp /left_out.py app/local/__init__.py && cp /left_out.py examples/__init__.py

FROM service AS service-with-examples

COPY data data
COPY examples examples
RUN python -m compileall -q examples


# From what seldom changes to what changes with every edit.
FROM scratch AS common

LABEL org.opencontainers.image.title="sagemaker-fastapi" \
      org.opencontainers.image.description="Predictions by record id from a hosted model" \
      org.opencontainers.image.licenses="Apache-2.0"

COPY --from=system / /
COPY --from=packages /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    HOST=0.0.0.0 WORKER_ALIVE_FILE=/tmp/worker.alive
WORKDIR /srv
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Of the service liveness, since some orchestrators restart what is unhealthy, which does not bring a database back.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-IS", "/srv/healthcheck.py"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve"]


FROM common AS demo

COPY --from=sample /sample /
COPY --from=service-with-examples /srv /srv


FROM common AS runtime

COPY --from=service-alone /srv /srv
