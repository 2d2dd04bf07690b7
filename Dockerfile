# An image for each service, a target each: `docker build --target classifier .` and so on, or
# `make image` for all. Packages come from where pip goes by itself, or with
# `--secret id=pip,src=pip.conf` from where that file says.

# The tag says which Python, the digest which bytes. `docker buildx imagetools inspect
# python:3.13-slim` prints the digest of the day: put it here to renew the base.
ARG PYTHON_IMAGE=python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b

# An environment without pip: the base's own installs into it. What is compiled is said further down.
FROM ${PYTHON_IMAGE} AS environment
WORKDIR /src
RUN python -m venv --without-pip /opt/triage
ENV PIP_PYTHON=/opt/triage/bin/python PIP_COMPILE=0

# The wheel of the project. What makes it asks no registry, and on a release no network at all.
FROM environment AS build
COPY requirements/build.txt requirements/
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python -m pip install --require-hashes --only-binary :all: -r requirements/build.txt
COPY pyproject.toml README.md ./
COPY models models/
COPY schemas schemas/
COPY services services/
RUN --network=none python -m pip wheel --no-index --no-deps --no-build-isolation --wheel-dir dist .

# An environment for each service.
FROM environment AS classifier-environment
COPY requirements/classifier.txt requirements/
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python -m pip install --require-hashes --only-binary :all: -r requirements/classifier.txt
COPY --from=build /src/dist dist/
RUN python -m pip install --no-index --no-deps dist/*.whl
# Tests of numpy's, and a second copy of the runtime, for programs in C: a fifth of the image.
RUN cd /opt/triage/lib/python3*/site-packages && \
    rm -r onnxruntime/capi/libonnxruntime.so.* && find numpy -name tests -prune -exec rm -r {} +

FROM environment AS router-environment
COPY requirements/router.txt requirements/
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python -m pip install --require-hashes --only-binary :all: -r requirements/router.txt
COPY --from=build /src/dist dist/
RUN python -m pip install --no-index --no-deps dist/*.whl
# No model runs here: what its manifest says is enough.
RUN cd /opt/triage/lib/python3*/site-packages/services/shipped/models && rm */*.onnx */*.npy

FROM environment AS desk-environment
COPY requirements/desk.txt requirements/
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python -m pip install --require-hashes --only-binary :all: -r requirements/desk.txt
COPY --from=build /src/dist dist/
RUN python -m pip install --no-index --no-deps dist/*.whl
# No model runs here: what its manifest says is enough.
RUN cd /opt/triage/lib/python3*/site-packages/services/shipped/models && rm */*.onnx */*.npy

# What all images share. Who runs here may write nothing, and the base has Python's own library without
# bytecode: what a service imports is compiled as its image is made, by importing it, and no more. The
# names after its own are those that are imported only as it starts, or as somebody asks for its contract.
FROM ${PYTHON_IMAGE} AS service
ENV PATH=/opt/triage/bin:$PATH
# What the health checks run; http.client asks no proxy.
ENV LIVEZ="import http.client, sys; \
asked = http.client.HTTPConnection('localhost', int(sys.argv[1])); \
asked.request('GET', '/livez'); \
sys.exit(asked.getresponse().status != 200)"
ENTRYPOINT ["triage"]
ARG REVISION
ARG CREATED
LABEL org.opencontainers.image.description="Reads a stream of citizens' inquiries from Kafka, \
gives each a department, and routes it exactly once; what it doubts goes to a person." \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.revision="$REVISION" \
    org.opencontainers.image.created="$CREATED"

FROM service AS classifier
COPY --from=classifier-environment /opt/triage /opt/triage
RUN python -c "import services.cli, services.classifier.app, anyio._backends._asyncio, services.contract.page, \
uvicorn.lifespan.on, uvicorn.protocols.http.auto, uvicorn.protocols.websockets.auto"
USER 10001:10001
LABEL org.opencontainers.image.title="Inquiry triage: classifier"
EXPOSE 8001
HEALTHCHECK --interval=10s --timeout=5s CMD python -c "$LIVEZ" "${CLASSIFIER_HTTP_PORT:-8001}"
CMD ["classifier"]

FROM service AS router
COPY --from=router-environment /opt/triage /opt/triage
RUN python -c "import services.cli, services.router.app, anyio._backends._asyncio, services.contract.page, \
uvicorn.lifespan.on, uvicorn.protocols.http.auto, uvicorn.protocols.websockets.auto"
USER 10001:10001
LABEL org.opencontainers.image.title="Inquiry triage: router"
EXPOSE 8002
HEALTHCHECK --interval=10s --timeout=5s CMD python -c "$LIVEZ" "${ROUTER_HTTP_PORT:-8002}"
CMD ["router"]

FROM service AS settler
COPY --from=router-environment /opt/triage /opt/triage
RUN python -c "import services.cli, services.settler.app, anyio._backends._asyncio, services.contract.page, \
uvicorn.lifespan.on, uvicorn.protocols.http.auto, uvicorn.protocols.websockets.auto"
USER 10001:10001
LABEL org.opencontainers.image.title="Inquiry triage: settler"
EXPOSE 8003
HEALTHCHECK --interval=10s --timeout=5s CMD python -c "$LIVEZ" "${SETTLER_HTTP_PORT:-8003}"
CMD ["settler"]

FROM service AS desk
COPY --from=desk-environment /opt/triage /opt/triage
RUN python -c "import services.cli, services.desk.app, anyio._backends._asyncio, services.contract.page, \
uvicorn.lifespan.on, uvicorn.protocols.http.auto, uvicorn.protocols.websockets.auto"
USER 10001:10001
LABEL org.opencontainers.image.title="Inquiry triage: desk"
EXPOSE 8004
HEALTHCHECK --interval=10s --timeout=5s CMD python -c "$LIVEZ" "${DESK_HTTP_PORT:-8004}"
CMD ["desk"]
