# One image: the service, the worker, their one-shot commands (migrate, storage init, ...) and the local endpoint.
FROM python:3.13-slim AS packages

RUN apt-get update -qq \
 && apt-get install --quiet --quiet --yes --no-install-recommends binutils >/dev/null \
 && rm -rf /var/lib/apt/lists/*
COPY requirements.txt requirements-*.txt /
# What some platforms need beside it, each from its own lock file: --build-arg EXTRAS="vertex azure"
ARG EXTRAS=""
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv --without-pip /opt/venv \
 && pip --python /opt/venv/bin/python install --require-hashes --no-compile -r /requirements.txt \
      $(printf -- "-r /requirements-%s.txt " sample $EXTRAS)
# Some wheels come with debug symbols: 50 MB. What lies in *.libs was rewritten by auditwheel, and stays as it is.
RUN find /opt/venv -type d -name tests -prune -exec rm -rf {} + \
 && find /opt/venv -name "*.so" -not -path "*.libs/*" -exec strip --strip-unneeded {} +
# A read-only root file system keeps no bytecode, so it is made here: of the largest, for what is imported.
RUN /opt/venv/bin/python -m compileall -q -j 0 -x "/(scipy|sklearn)/" /opt/venv \
 && /opt/venv/bin/python -c "import scipy.stats, sklearn.metrics, uvloop, xgboost"


FROM python:3.13-slim

LABEL org.opencontainers.image.title="sagemaker-fastapi" \
      org.opencontainers.image.description="Predictions by record id from a hosted model" \
      org.opencontainers.image.licenses="Apache-2.0"

RUN pip uninstall --quiet --yes --root-user-action ignore pip \
 && useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent app
# A volume that is new takes its owner from here.
RUN install --directory --owner app --group app --mode 750 /secrets /secrets/app /secrets/owner /secrets/db /secrets/s3 \
      /secrets/key /secrets/grafana /secrets/prometheus
ENV PATH=/opt/venv/bin:$PATH HOST=0.0.0.0

# From what seldom changes to what changes with every edit.
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv
COPY LICENSE deploy/healthcheck.py deploy/make_secrets.py ./
COPY data data
COPY migrations migrations
COPY examples examples
COPY app app
RUN python -m compileall -q app examples migrations

USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Liveness, since some orchestrators restart what is unhealthy, which does not bring a database back.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-IS", "healthcheck.py", "8000", "/health/live"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve"]
