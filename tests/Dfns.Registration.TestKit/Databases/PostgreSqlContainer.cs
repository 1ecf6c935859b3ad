using Docker.DotNet;
using DotNet.Testcontainers.Builders;
using Testcontainers.PostgreSql;
using Search = Dfns.Registration.TestKit.Databases.PostgreSqlServer.Search;

namespace Dfns.Registration.TestKit.Databases;

/// <summary>Starts PostgreSQL in a container of the image that <c>DFNS_TEST_POSTGRES_IMAGE</c> names, where a Docker engine answers.</summary>
internal static class PostgreSqlContainer
{
    private const string DefaultImage = "postgres:17-alpine";

    public static async Task<Search> LookAsync()
    {
        var image = Environment.GetEnvironmentVariable("DFNS_TEST_POSTGRES_IMAGE") is { Length: > 0 } named ? named : DefaultImage;
        try
        {
            var container = new PostgreSqlBuilder(image)
                .WithCommand("-c", $"max_connections={PostgreSqlServer.MaxConnections}")
                .Build();
            // Not left to the resource reaper alone: it can be switched off.
            AppDomain.CurrentDomain.ProcessExit += (_, _) => container.DisposeAsync().AsTask().GetAwaiter().GetResult();
            await container.StartAsync();
            return Search.Succeeded(container.GetConnectionString(), "image " + image);
        }
        catch (DockerUnavailableException failure) when (failure.ToString().Contains("is too new", StringComparison.Ordinal))
        {
            return Search.Failed("the Docker engine's API is older than the tests' (set DOCKER_API_VERSION to the server's, as 'docker version' prints it)");
        }
        catch (DockerUnavailableException)
        {
            return Search.Failed("no Docker engine answers (apt-get install docker.io)");
        }
        catch (DockerApiException failure)
        {
            return Search.Failed($"Docker does not run the image {image} ({failure.Message.ReplaceLineEndings(" ").Trim()})");
        }
    }
}
