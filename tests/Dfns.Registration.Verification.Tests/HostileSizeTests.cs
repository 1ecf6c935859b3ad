using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests;

/// <summary>
/// However large, deep or long an input is, it is refused for its own reason, and takes memory in proportion to what was sent. How long
/// it takes is printed by the benchmarks; a test that reads a clock fails on a slow day.
/// </summary>
public sealed class HostileSizeTests
{
    private const long FixedBytes = 256 * 1024;
    private const long BytesACharacter = 24;

    private static readonly RegistrationExpectation EveryFormat = Expected with { AllowSafetyNet = true };

    private static readonly Dictionary<string, HostileSize> Made = HostileSizes.All(Challenge, RpId, Origin).ToDictionary(size => size.Name, StringComparer.Ordinal);

    public static TheoryData<string> Names => [.. Made.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_hostile_size_is_refused_for_its_reason(string name) => Refused(Made[name].Reason, Made[name].Credential, EveryFormat);

    [Theory]
    [MemberData(nameof(Names))]
    public void A_hostile_size_takes_memory_in_proportion(string name)
    {
        var credential = Made[name].Credential.ToVerify();
        // What only the first call of all allocates is nobody's input.
        CredentialVerifiers.Verify(credential, EveryFormat);
        var before = GC.GetAllocatedBytesForCurrentThread();
        CredentialVerifiers.Verify(credential, EveryFormat);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(allocated, 0, FixedBytes + (BytesACharacter * Made[name].Length));
    }
}
