# One image for the worker, the vision service and the command line.
# Debian, not Alpine: the native parts of Temporal's SDK, sharp and onnxruntime are built against glibc.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev
# The sources run as they are (Node strips the types); only the workflows are bundled, so that a worker starts quickly.
# The bundle is made with the very @temporalio/worker that will load it.
COPY . .
# Readable for any user, however strict the umask of the checkout was.
RUN node scripts/build-bundle.ts dist/workflow-bundle.js && chmod -R a+rX .

FROM node:24.21.0-bookworm-slim
LABEL org.opencontainers.image.title="deltaloop" \
  org.opencontainers.image.description="Collects just enough images: a durable loop of collect, train, evaluate, compare, collect more, on Temporal" \
  org.opencontainers.image.version="0.1.0" \
  org.opencontainers.image.licenses="MIT"
# What is not needed to run cannot be misused.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-* \
  /usr/local/bin/yarn /usr/local/bin/yarnpkg && ln -s /app/bin/deltaloop.ts /usr/local/bin/deltaloop
WORKDIR /app
# Owned by root, so that nobody who runs in it can change the code.
COPY --from=build /app .
ENV NODE_ENV=production DELTALOOP_WORKFLOW_BUNDLE=/app/dist/workflow-bundle.js
USER node
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 CMD ["node", "deploy/healthcheck.ts"]
CMD ["node", "worker/main.ts"]
