FROM python:3.11-slim-bookworm AS build
COPY requirements.txt /
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r /requirements.txt

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --create-home nightwork
COPY --from=build /venv /venv
WORKDIR /app
COPY alembic.ini ./
COPY alembic alembic
COPY models models
COPY jobs jobs
COPY worker worker
COPY web web
ENV PATH=/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    WEB_HOST=0.0.0.0 \
    NIGHTWORK_DATA=/data
USER 10001
VOLUME /data
EXPOSE 8000
# The web part; compose and others name the other parts' commands.
CMD ["gunicorn", "-c", "web/gunicorn.py", "web:create_app()"]
