using System.Diagnostics.Metrics;
using Microsoft.Extensions.Primitives;
using Serilog;
using Serilog.Debugging;
using Serilog.Sinks.Async;

namespace Dfns.Registration.Api.Telemetry;

/// <summary>
/// Stands before whatever takes the log by <c>Serilog:WriteTo</c>: a terminal, a pipe or a disk that does not take a line keeps no request waiting. Beyond
/// <see cref="Capacity"/> lines the rest is left out, and counted.
/// </summary>
internal sealed class LogQueue(IMeterFactory meters) : IAsyncLogEventSinkMonitor
{
    /// <summary>Lines that wait at most: seconds of a busy service, and some tens of megabytes.</summary>
    public const int Capacity = 10_000;

    // What is not taken within that, at the end, is given up: an end does not wait for a reader that is gone.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly Lock Turn = new();

    private static readonly string[] OfSinks = ["WriteTo", "Using", "LevelSwitches", "FilterSwitches"];

    /// <summary>Adds what the configuration says: levels and properties to the log itself, and where it goes behind the queue.</summary>
    /// <exception cref="InvalidDataException">It cannot be set up so.</exception>
    public LoggerConfiguration Configure(LoggerConfiguration logger, IConfiguration configuration)
    {
        // The configuration's reader tells it alone what it passes over, such as an argument that no sink has.
        lock (Turn)
        {
            var untold = new List<string>();
            SelfLog.Enable(untold.Add);
            try
            {
                var configured = Read(logger, configuration);
                return untold.Count == 0 ? configured : throw new InvalidDataException(
                    $"the section 'Serilog' names what there is not, or a file that cannot be written: {untold[0].Split('\n')[0].Trim()}");
            }
            finally
            {
                SelfLog.Disable();
            }
        }
    }

    private LoggerConfiguration Read(LoggerConfiguration logger, IConfiguration configuration)
    {
        try
        {
            return logger
                .ReadFrom.Configuration(Part(configuration, name => name != "WriteTo"))
                .WriteTo.Async(
                    queue => queue.Logger(taken => taken.MinimumLevel.Verbose().ReadFrom.Configuration(Part(configuration, name => OfSinks.Contains(name, StringComparer.OrdinalIgnoreCase)))),
                    monitor: this,
                    bufferSize: Capacity,
                    blockWhenFull: false);
        }
#pragma warning disable CA1031 // Each sink throws as it likes.
        catch (Exception e)
#pragma warning restore CA1031
        {
            throw new InvalidDataException("what takes the log cannot be set up as the section 'Serilog' says.", e);
        }
    }

    public void StartMonitoring(IAsyncLogEventSinkInspector inspector)
    {
        var meter = meters.Create(RequestTelemetry.MeterName);
        meter.CreateObservableGauge("dfns.registration.log.waiting", () => inspector.Count, unit: "{line}", description: "Log lines that wait to be taken.");
        meter.CreateObservableCounter("dfns.registration.log.dropped", () => inspector.DroppedMessagesCount, unit: "{line}", description: "Log lines that were left out because too many waited.");
    }

    public void StopMonitoring(IAsyncLogEventSinkInspector inspector)
    {
        // The meter ends with the service.
    }

    /// <summary>Has what waits taken, at the end of the service.</summary>
    /// <param name="log">The service's; takes nothing any more.</param>
    /// <param name="clock">Tells when it is given up.</param>
    public static async Task EmptyAsync(Serilog.ILogger log, TimeProvider clock)
    {
        try
        {
            await Task.Run((log as IDisposable ?? throw new InvalidOperationException("The log does not end.")).Dispose).WaitAsync(Patience, clock);
        }
        catch (TimeoutException)
        {
            // Nobody takes it.
        }
    }

    private static IConfigurationRoot Part(IConfiguration configuration, Func<string, bool> takes) => new ConfigurationBuilder().Add(new PartSource(configuration, takes)).Build();

    /// <summary>Some of what <c>Serilog</c> holds, and again whenever it changes: levels are set while the service runs.</summary>
    private sealed class PartSource(IConfiguration configuration, Func<string, bool> takes) : ConfigurationProvider, IConfigurationSource
    {
        private const string Section = "Serilog";

        public IConfigurationProvider Build(IConfigurationBuilder builder)
        {
            ChangeToken.OnChange(configuration.GetReloadToken, () =>
            {
                Load();
                OnReload();
            });
            return this;
        }

        public override void Load() => Data = configuration.GetSection(Section).AsEnumerable(makePathsRelative: true)
            .Where(member => takes(member.Key.Split(ConfigurationPath.KeyDelimiter)[0]))
            .ToDictionary(member => ConfigurationPath.Combine(Section, member.Key), member => member.Value, StringComparer.OrdinalIgnoreCase);
    }
}
