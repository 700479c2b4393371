# One image for the worker and the vision service.
# Debian, not Alpine: the native parts of Temporal's SDK, sharp and onnxruntime are built against glibc.
FROM node:24.21.0-bookworm-slim

WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The sources run as they are (Node strips the types), so nothing is built here.
RUN npm ci --omit=dev && npm cache clean --force
COPY . .

ENV NODE_ENV=production
USER node
CMD ["node", "worker/main.ts"]
