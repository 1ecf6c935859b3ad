using System.Net;
using System.Net.Sockets;
using System.Text;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Trust;
using Dfns.Registration.Verification.Trust.Metadata;

namespace Dfns.Registration.Api.Tests.Trust;

/// <summary>Downloads of metadata, from a loopback server.</summary>
public sealed class MetadataSourceTests : IDisposable
{
    private readonly TcpListener server = new(IPAddress.Loopback, 0);
    private readonly HttpClient client = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    public MetadataSourceTests() => server.Start();

    private Uri Address => new($"http://{server.LocalEndpoint}/");

    public void Dispose()
    {
        client.Dispose();
        server.Dispose();
    }

    [Fact]
    public async Task An_answer_is_read_to_its_end()
    {
        var read = await DownloadAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\na.b.c");

        Assert.Equal("a.b.c", Encoding.ASCII.GetString(read.Span));
    }

    [Theory]
    [InlineData("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 304 Not Modified\r\n\r\n")]
    [InlineData("nonsense\r\n\r\n")]
    public async Task Any_other_answer_is_a_failure(string answer) => await Assert.ThrowsAsync<HttpRequestException>(() => DownloadAsync(answer));

    [Fact]
    public async Task An_endless_answer_is_cut_off_where_it_is_too_large()
    {
        var read = await DownloadAsync("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", thenEndlessly: true);

        Assert.Equal(MetadataBlob.MaxSizeBytes + 1, read.Length);
    }

    [Fact]
    public async Task An_answer_that_stops_halfway_is_given_up()
    {
        client.Timeout = TimeSpan.FromMilliseconds(200);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => DownloadAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\na.b"));
    }

    [Fact]
    public async Task An_address_that_does_not_answer_hinders_no_start()
    {
        using var files = new TrustFiles();
        await using var database = await Migrated.SqliteAsync();
        var port = ((IPEndPoint)server.LocalEndpoint).Port;
        server.Stop();

        await using var service = await Service.StartAsync(database, [.. files.MetadataSettings, ("Trust:MetadataSource", $"https://127.0.0.1:{port}/")]);

        Assert.False(await service.RefreshTrustAsync());
        Assert.Contains(service.Log.Lines, line => line.Contains("Metadata not accepted", StringComparison.Ordinal) && line.Contains("HttpRequestException", StringComparison.Ordinal));
        Assert.Null(service.MetadataInUse());
    }

    private async Task<ReadOnlyMemory<byte>> DownloadAsync(string answer, bool thenEndlessly = false)
    {
        var ct = TestContext.Current.CancellationToken;
        var download = MetadataSource.DownloadAsync(client, Address, ct);
        using var connection = await server.AcceptTcpClientAsync(ct);
        await using var stream = connection.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), ct);
        try
        {
            while (thenEndlessly) await stream.WriteAsync(new byte[64 * 1024], ct);
        }
        catch (IOException)
        {
            // The client hung up.
        }

        return await download;
    }
}
