using System.Net;
using System.Net.Sockets;
using Dfns.Registration.Api.CommandLine;
using Dfns.Registration.Api.Tests.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Dfns.Registration.Api.Tests.Hosting;

/// <summary>The health check of the image asks the service where it listens, however it was told to.</summary>
public sealed class HealthCheckTests
{
    /// <summary>Settings that tell the web server where to listen, with <c>PORT</c>, <c>OTHER</c> (nobody listens there), <c>SOCKET</c> and <c>CERTIFICATE</c>.</summary>
    public static TheoryData<string> Ways =>
    [
        "urls=http://127.0.0.1:PORT",
        "urls=http://127.0.0.2:PORT",
        "urls=http://localhost:PORT",
        "urls=http://0.0.0.0:PORT",
        "urls=http://[::]:PORT",
        "urls=http://[::1]:PORT",
        "urls=http://*:PORT",
        "urls=http://+:PORT/",
        "urls=http://auth.example.co:PORT",
        "urls= http://127.0.0.1:PORT;http://127.0.0.2:PORT",
        "urls=http://unix:SOCKET",
        "urls=https://*:PORT Kestrel:Certificates:Default:Path=CERTIFICATE Kestrel:Certificates:Default:KeyPath=CERTIFICATE",
        "http_ports=PORT",
        "http_ports=PORT;OTHER",
        "https_ports=PORT Kestrel:Certificates:Default:Path=CERTIFICATE Kestrel:Certificates:Default:KeyPath=CERTIFICATE",
        "urls=http://127.0.0.1:PORT http_ports=OTHER",
        "urls=http://127.0.0.1:OTHER Kestrel:Endpoints:Main:Url=http://127.0.0.1:PORT",
        "urls=http://127.0.0.1:PORT Kestrel:Endpoints:Main:Url=http://127.0.0.1:OTHER preferHostingUrls=true",
        "Kestrel:Endpoints:Main:Url=http://127.0.0.1:PORT Kestrel:Endpoints:Main:Protocols=Http2",
        "urls=http://127.0.0.1:PORT Kestrel:EndpointDefaults:Protocols=Http2",
        "Kestrel:Endpoints:Main:Url=https://127.0.0.1:PORT Kestrel:Endpoints:Main:Certificate:Path=CERTIFICATE Kestrel:Endpoints:Main:Certificate:KeyPath=CERTIFICATE",
        "urls=http://127.0.0.1:PORT AllowedHosts=auth.example.co",
        "urls=http://127.0.0.1:PORT AllowedHosts=*.example.co;example.org",
    ];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_service_is_asked_where_it_listens(string way)
    {
        var folder = Directory.CreateTempSubdirectory("dfns-health-");
        var settings = Settings(way, folder.FullName);
        await using (var app = Make(settings))
        {
            var isReady = true;
            app.MapGet("/health/ready", () => isReady ? Results.Ok() : Results.StatusCode(503));
            await app.StartAsync(TestContext.Current.CancellationToken);

            var well = await ServiceProgram.RunAsync(["healthcheck"], settings.Select(s => (s.Key, s.Value)));
            isReady = false;
            var ill = await ServiceProgram.RunAsync(["healthcheck"], settings.Select(s => (s.Key, s.Value)));

            Assert.Equal((0, ""), (well.ExitCode, well.Everything));
            Assert.Equal(1, ill.ExitCode);
            Assert.Contains("it answers 503.", ill.Faults, StringComparison.Ordinal);
        }

        var gone = await ServiceProgram.RunAsync(["healthcheck"], settings.Select(s => (s.Key, s.Value)));
        folder.Delete(recursive: true);
        Assert.Equal(1, gone.ExitCode);
        Assert.Contains("does not answer: ", gone.Faults, StringComparison.Ordinal);
    }

    /// <summary>As the first process of a container has them, the service itself or what starts it; of a command and of another program, none.</summary>
    [Theory]
    [InlineData("dotnet Dfns.Registration.Api.dll --urls=http://+:9090", "--urls=http://+:9090")]
    [InlineData("/sbin/docker-init -- dotnet /app/Dfns.Registration.Api.dll --urls http://+:9090", "--urls http://+:9090")]
    [InlineData("/app/Dfns.Registration.Api --http_ports=9090", "--http_ports=9090")]
    [InlineData("dotnet Dfns.Registration.Api.dll", "")]
    [InlineData("dotnet Dfns.Registration.Api.dll migrate --grant-to registration", "")]
    [InlineData("/sbin/init splash", "")]
    [InlineData("", "")]
    public void The_command_line_of_the_container_tells_it_too(string commandLine, string arguments) =>
        Assert.Equal(arguments, string.Join(' ', HealthCheckCommand.ServiceArgumentsIn(string.Concat(commandLine.Split(' ').Select(word => word + "\0")))));

    [Fact]
    public async Task A_command_line_of_another_process_can_be_told()
    {
        var settings = Settings("urls=http://127.0.0.1:PORT", "");
        await using var app = Make(settings);
        app.MapGet("/health/ready", () => Results.Ok());
        await app.StartAsync(TestContext.Current.CancellationToken);

        var run = await ServiceProgram.RunAsync(["healthcheck", "--urls", settings["urls"]], ("urls", "http://127.0.0.1:1"));

        Assert.Equal((0, ""), (run.ExitCode, run.Everything));
    }

    private static WebApplication Make(Dictionary<string, string> settings)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value)));
        return builder.Build();
    }

    private static Dictionary<string, string> Settings(string way, string folder)
    {
        var certificate = Path.Combine(folder, "certificate.pem");
        if (way.Contains("CERTIFICATE", StringComparison.Ordinal)) File.WriteAllText(certificate, Certificate());
        var named = way.Replace("PORT", $"{FreePort()}", StringComparison.Ordinal).Replace("OTHER", "1", StringComparison.Ordinal)
            .Replace("SOCKET", Path.Combine(folder, "socket"), StringComparison.Ordinal).Replace("CERTIFICATE", certificate, StringComparison.Ordinal);
        return named.Replace("= ", "=", StringComparison.Ordinal).Split(' ').Select(setting => setting.Split('=', 2)).ToDictionary(s => s[0], s => s[1], StringComparer.Ordinal);
    }

    private static string Certificate()
    {
        using var key = System.Security.Cryptography.RSA.Create(2048);
        using var certificate = new System.Security.Cryptography.X509Certificates.CertificateRequest(
            "CN=auth.example.co", key, System.Security.Cryptography.HashAlgorithmName.SHA256, System.Security.Cryptography.RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(Service.Noon, Service.Noon.AddYears(1));
        return $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
