ARG SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0
ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0

FROM ${SDK_IMAGE} AS build
WORKDIR /source
# What a restore reads and nothing else, so that its layer is rebuilt only when a package changes.
COPY global.json Directory.Build.props Directory.Packages.props ./
COPY src/Dfns.Registration.Verification/Dfns.Registration.Verification.csproj src/Dfns.Registration.Verification/packages.lock.json src/Dfns.Registration.Verification/
COPY src/Dfns.Registration.Api/Dfns.Registration.Api.csproj src/Dfns.Registration.Api/packages.lock.json src/Dfns.Registration.Api/
RUN dotnet restore src/Dfns.Registration.Api --locked-mode
COPY .editorconfig ./
COPY src/ src/
# The history stays outside: whoever builds tells the version.
ARG VERSION=0.0.0-unversioned
RUN dotnet publish src/Dfns.Registration.Api --no-restore --configuration Release --output /app -p:UseAppHost=false -p:Version="$VERSION"

FROM ${RUNTIME_IMAGE}
WORKDIR /app
COPY --from=build /app ./
# The only place that the service writes to; a volume that is mounted here starts out with this owner.
RUN mkdir -m 700 data && chown "$APP_UID" data
USER $APP_UID
ENV ASPNETCORE_HTTP_PORTS=8080
EXPOSE 8080
# The runtime image has neither curl nor wget: the service asks itself, where its settings and the command line of this container have it listen.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["dotnet", "Dfns.Registration.Api.dll", "healthcheck"]
ENTRYPOINT ["dotnet", "Dfns.Registration.Api.dll"]
