using Dfns.Registration.Api.Storage;
using Dfns.Registration.Verification.Trust;
using Dfns.Registration.Verification.Trust.Metadata;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Trust;

/// <summary>
/// Reads roots and metadata: what lies in files before the service listens, what is downloaded beside it, and all of it again at intervals.
/// Whatever fails, the last good copy stays in use. No request can cause any of this.
/// </summary>
internal sealed partial class TrustRefresh(
    TrustSources sources, IServiceScopeFactory scopes, IHttpClientFactory clients, TimeProvider clock, IOptions<TrustOptions> options, ILogger<TrustRefresh> logger)
    : BackgroundService
{
    /// <summary>How long after a failure it is tried again.</summary>
    public static readonly TimeSpan RetryInterval = TimeSpan.FromMinutes(5);

    private bool startedFresh;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.MetadataAddress is null) startedFresh = await RefreshAsync(cancellationToken);
        else RefreshRoots();
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value is { RootsDirectory: null, MetadataSource: null }) return;
        var isFresh = startedFresh;
        if (options.Value.MetadataAddress is not null) isFresh = await RefreshAsync(stoppingToken);
        while (true)
        {
            var interval = options.Value.RefreshInterval;
            await Task.Delay(isFresh || interval < RetryInterval ? interval : RetryInterval, clock, stoppingToken);
            isFresh = await RefreshAsync(stoppingToken);
        }
    }

    /// <summary>Reads everything once.</summary>
    /// <returns>Whether all of it was taken up.</returns>
    public async Task<bool> RefreshAsync(CancellationToken ct)
    {
        var haveRoots = RefreshRoots();
        return await RefreshMetadataAsync(ct) && haveRoots;
    }

    private bool RefreshRoots()
    {
        if (options.Value.RootsDirectory is not { } directory) return true;
        if (RootFiles.Read(directory, out var roots) is { } why)
        {
            Log.RootsKept(logger, why, sources.Current.Roots.Count);
            return false;
        }

        sources.Set(sources.Current with { Roots = roots });
        Log.RootsRead(logger, roots.Count);
        return true;
    }

    private async Task<bool> RefreshMetadataAsync(CancellationToken ct)
    {
        if (options.Value.MetadataSource is not { } source) return true;
        try
        {
            // The roots of the service too may have been replaced.
            if (RootFiles.ReadPem(options.Value.MetadataRoots!).Refused(out var why, out var roots)) return Kept($"MetadataRoots: {why.Reason}");
            var bytes = options.Value.MetadataAddress is { } address
                ? await MetadataSource.DownloadAsync(clients.CreateClient(MetadataSource.ClientName), address, ct)
                : await MetadataSource.ReadAsync(source, ct);
            return await TakeUpAsync(bytes, roots, ct);
        }
        catch (Exception e) when (RootFiles.IsFileFailure(e) || e is HttpRequestException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return Kept($"{e.GetType().Name}: {e.Message}");
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            return Kept("the database does not answer");
        }
    }

    private async Task<bool> TakeUpAsync(ReadOnlyMemory<byte> bytes, IReadOnlyList<TrustAnchor> roots, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var numbers = scope.ServiceProvider.GetRequiredService<MetadataStore>();
        var now = clock.GetUtcNow();
        var reading = MetadataBlob.Read(bytes, new MetadataExpectation
        {
            Roots = roots,
            SignerHost = options.Value.MetadataSignerHost,
            Now = now,
            LastNumber = await numbers.LastAsync(ct),
            MaxOverdue = options.Value.MetadataMaxOverdue,
        });
        if (reading.Blob is not { } blob) return Kept(reading.Detail is null ? $"{reading.Fault}" : $"{reading.Fault} ({reading.Detail})");
        // Another instance may have taken up a later one in between.
        if (!await numbers.RaiseAsync(blob.Number, now, ct)) return Kept($"{MetadataFault.RolledBack} ({blob.Number})");

        sources.Set(sources.Current with { Metadata = blob });
        Log.MetadataAccepted(logger, blob.Number, blob.Models, blob.NextUpdate, blob.UnreadableRoots);
        if (blob.OverdueAt(now) > TimeSpan.Zero) Log.MetadataOverdue(logger, blob.Number, blob.NextUpdate);
        return true;
    }

    private bool Kept(string why)
    {
        if (sources.Current.Metadata is not { } blob)
        {
            Log.MetadataMissing(logger, why);
            return false;
        }

        Log.MetadataKept(logger, why, blob.Number);
        if (blob.OverdueAt(clock.GetUtcNow()) > TimeSpan.Zero) Log.MetadataOverdue(logger, blob.Number, blob.NextUpdate);
        return false;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Roots read: {Count}")]
        public static partial void RootsRead(ILogger logger, int count);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Roots not taken up: {Why} The {Count} of before stay in use")]
        public static partial void RootsKept(ILogger logger, string why, int count);

        [LoggerMessage(Level = LogLevel.Information, Message = "Metadata {Number} accepted: {Models} models, next due {NextUpdate}, {UnreadableRoots} roots could not be read")]
        public static partial void MetadataAccepted(ILogger logger, long number, int models, DateOnly nextUpdate, int unreadableRoots);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Metadata not accepted: {Why}; metadata {Number} stays in use")]
        public static partial void MetadataKept(ILogger logger, string why, long number);

        [LoggerMessage(Level = LogLevel.Error, Message = "Metadata not accepted: {Why}; there is none in use, so no model of it is trusted")]
        public static partial void MetadataMissing(ILogger logger, string why);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Metadata {Number} is overdue: its successor was due {NextUpdate}")]
        public static partial void MetadataOverdue(ILogger logger, long number, DateOnly nextUpdate);
    }
}
