using System.Diagnostics;
using System.IO.Pipes;
using Dfns.Registration.Benchmarks.Comparison;

/// <summary>What the runtime calls in the service that is measured, because <c>DOTNET_STARTUP_HOOKS</c> names this assembly.</summary>
#pragma warning disable MA0047 // The runtime looks for this name, in no namespace.
internal static class StartupHook
#pragma warning restore MA0047
{
    public static void Initialize() => AllocationProbe.Serve();
}

namespace Dfns.Registration.Benchmarks.Comparison
{
    /// <summary>How much another process has allocated on its managed heap so far, told by a thread in it that otherwise waits.</summary>
    internal sealed class AllocationProbe : IDisposable
    {
        private const string Variable = "DFNS_BENCHMARK_ALLOCATIONS";

        // A guard against waiting for good; nothing is measured by it.
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

        private readonly string name;
        private readonly NamedPipeClientStream pipe;

        public AllocationProbe()
        {
            name = $"dfns-allocations-{Environment.ProcessId}-{Stopwatch.GetTimestamp()}";
            pipe = new NamedPipeClientStream(".", name, PipeDirection.InOut);
        }

        /// <summary>Has a .NET process carry the probe.</summary>
        public void AddTo(ProcessStartInfo start)
        {
            start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(AllocationProbe).Assembly.Location;
            start.Environment[Variable] = name;
        }

        /// <summary>Bytes allocated since the process started.</summary>
        public long Read()
        {
            if (!pipe.IsConnected) pipe.Connect(Patience);
            pipe.WriteByte(0);
            Span<byte> answer = stackalloc byte[sizeof(long)];
            pipe.ReadExactly(answer);
            return BitConverter.ToInt64(answer);
        }

        public void Dispose() => pipe.Dispose();

        /// <summary>In the process that is measured: answers each byte that is sent.</summary>
        internal static void Serve()
        {
            if (Environment.GetEnvironmentVariable(Variable) is not { } name) return;
            new Thread(() =>
            {
                using var server = new NamedPipeServerStream(name, PipeDirection.InOut, maxNumberOfServerInstances: 1);
                server.WaitForConnection();
                while (server.ReadByte() >= 0) server.Write(BitConverter.GetBytes(GC.GetTotalAllocatedBytes()));
            })
            { IsBackground = true, Name = "allocations" }.Start();
        }
    }
}
