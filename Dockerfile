# The Go release is pinned to its patch version, because its standard library provides TLS and HTTP.
FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
# The SQLite driver is pure Go, so the build needs no C compiler.
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags='-s -w' -o /out/latchkey ./cmd/latchkey \
    && mkdir -m 0700 /out/data

# The image has no shell and no package manager, only certificates, time zones and the user 65532.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/latchkey /latchkey
# A new named volume inherits the owner and mode of this directory.
COPY --from=build --chown=65532:65532 /out/data /data
ENV LATCHKEY_LISTEN=0.0.0.0:8080 \
    LATCHKEY_DATA_DIR=/data
USER 65532:65532
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["/latchkey", "healthcheck"]
ENTRYPOINT ["/latchkey"]
CMD ["serve"]
