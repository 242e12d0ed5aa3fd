# The server in a container: see docs/how-to/serve.md.
FROM python:3.12-slim-bookworm AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY src ./src
RUN python -m venv /opt/deblurgan \
    && /opt/deblurgan/bin/pip install --no-cache-dir '.[serve]'

FROM python:3.12-slim-bookworm
COPY --from=build /opt/deblurgan /opt/deblurgan
ENV PATH=/opt/deblurgan/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
ENTRYPOINT ["deblurgan", "serve", "--host", "0.0.0.0", "--port", "8000"]
