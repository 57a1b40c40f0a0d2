# The image of the function. It writes nothing at run time: the root file system can be read-only.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY function ./function
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel . \
 && python -m venv --without-pip /app \
 && pip --python /app/bin/python install --no-cache-dir /wheel/*.whl

FROM python:${PYTHON}-slim
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 2000:2000
EXPOSE 8080 9443
ENTRYPOINT ["function"]
