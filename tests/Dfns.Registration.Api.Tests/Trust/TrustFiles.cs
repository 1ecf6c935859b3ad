using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Trust;
using Dfns.Registration.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace Dfns.Registration.Api.Tests.Trust;

/// <summary>A directory of roots and a metadata BLOB, as an operator supplies them.</summary>
internal sealed class TrustFiles : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory().FullName;
    private readonly string metadataDirectory = Directory.CreateTempSubdirectory().FullName;

    public TrustFiles() => File.WriteAllText(MetadataRoots, MetadataDraft.Root.Pem);

    public string Metadata => Path.Combine(metadataDirectory, "blob.jwt");

    public string MetadataRoots => Path.Combine(metadataDirectory, "roots.pem");

    public (string Key, string Value)[] RootSettings => [("Trust:RootsDirectory", directory)];

    public (string Key, string Value)[] MetadataSettings =>
        [("Trust:MetadataSource", Metadata), ("Trust:MetadataRoots", MetadataRoots), ("Trust:MetadataSignerHost", MetadataDraft.Host), ("Trust:RefreshInterval", "00:01:00")];

    public void Write(string name, string content) => File.WriteAllText(Path.Combine(directory, name), content);

    public void WriteRoot(string name, TestAuthority root) => Write(name, $"{name}, for tests\n{root.Pem}\n");

    public void Delete(string name) => File.Delete(Path.Combine(directory, name));

    public void WriteMetadata(byte[] blob) => File.WriteAllBytes(Metadata, blob);

    public void Dispose()
    {
        Directory.Delete(directory, recursive: true);
        Directory.Delete(metadataDirectory, recursive: true);
    }
}

/// <summary>What the tests ask of a service's trust.</summary>
internal static class TrustOfService
{
    public static Task<bool> RefreshTrustAsync(this Service service) => service.Services.GetRequiredService<TrustRefresh>().RefreshAsync(TestContext.Current.CancellationToken);

    public static long? MetadataInUse(this Service service) => service.Services.GetRequiredService<TrustSources>().Current.Metadata?.Number;
}
