using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dfns.Registration.Api.Secrets;
using Dfns.Registration.Api.Storage;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Api.Tokens;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace Dfns.Registration.Api.Tests.Tokens;

/// <summary>
/// What keys and codes are worth to whoever can write rows and has not the master key: nothing. What was sealed or hashed for one row is
/// good in no other, and a signing key that the service did not store so neither signs nor verifies nor is published.
/// </summary>
public abstract class KeysAtRestTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : KeysAtRestTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : KeysAtRestTests(fixture), IClassFixture<ServiceFixture.PostgreSql>;

    /// <summary>What somebody does to the rows: given the key that signs, its successor, and the public half of a key of his own.</summary>
    private static readonly Dictionary<string, Func<SigningKey, SigningKey, byte[], (SigningKey? Add, SigningKey? Change)>> Tamperings = new(StringComparer.Ordinal)
    {
        ["a row of his own, with nothing sealed"] = (signs, _, his) => (Copy(signs, "sk-his", his, []), null),
        ["a row of his own, with what he made up"] = (signs, _, his) => (Copy(signs, "sk-his", his, RandomNumberGenerator.GetBytes(180)), null),
        ["a row of his own, that signs last"] = (signs, next, his) => (Copy(signs, "sk-his", his, RandomNumberGenerator.GetBytes(180), activeFrom: next.ActiveFrom.AddDays(1)), null),
        ["a row of his own, with what was sealed for another"] = (signs, _, his) => (Copy(signs, "sk-his", his), null),
        ["a copy of a row"] = (signs, _, _) => (Copy(signs, "sk-his"), null),
        ["his public half"] = (_, next, his) => (null, Copy(next, next.Id, his)),
        ["his public half, of the key that signs"] = (signs, _, his) => (null, Copy(signs, signs.Id, his)),
        ["a public half that is none"] = (_, next, _) => (null, Copy(next, next.Id, [1, 2, 3])),
        ["the public half of another row"] = (signs, next, _) => (null, Copy(next, next.Id, signs.PublicKey)),
        ["what was sealed for another row"] = (signs, next, _) => (null, Copy(next, next.Id, next.PublicKey, signs.SealedPrivateKey)),
        ["both halves of another row"] = (signs, next, _) => (null, Copy(next, next.Id, signs.PublicKey, signs.SealedPrivateKey)),
        ["nothing sealed any more"] = (_, next, _) => (null, Copy(next, next.Id, sealedKey: [])),
        ["one bit of what is sealed"] = (_, next, _) => (null, Copy(next, next.Id, sealedKey: [.. next.SealedPrivateKey[..^1], (byte)(next.SealedPrivateKey[^1] ^ 1)])),
        ["a later end"] = (_, next, _) => (null, Copy(next, next.Id, retiredAt: next.RetiredAt.AddYears(1))),
        ["an earlier beginning"] = (_, next, _) => (null, Copy(next, next.Id, activeFrom: next.ActiveFrom.AddMinutes(-9))),
        ["another age"] = (_, next, _) => (null, Copy(next, next.Id, createdAt: next.CreatedAt.AddDays(30))),
    };

    public static TheoryData<string> AllTamperings => [.. Tamperings.Keys];

    [Theory]
    [MemberData(nameof(AllTamperings))]
    public async Task A_signing_key_that_was_put_there_or_changed_is_used_for_nothing(string what)
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        var user = await Registered.NewAsync(await service.NewOrganisationAsync(), CredentialKind.Key);
        await service.Services.GetRequiredService<SigningKeys>().RotateAsync(CancellationToken.None);
        var rows = await service.InDatabaseAsync(db => db.SigningKeys.AsNoTracking().OrderBy(k => k.ActiveFrom).ToListAsync());
        var (signs, next) = (rows[0], rows[1]);
        using var his = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (added, changed) = Tamperings[what](signs, next, his.ExportSubjectPublicKeyInfo());
        await service.InDatabaseAsync(async db =>
        {
            if (added is not null) db.SigningKeys.Add(added);
            if (changed is not null) db.SigningKeys.Update(changed);
            return await db.SaveChangesAsync();
        });
        var tampered = (added ?? changed)!.Id;

        service.Clock.Advance(SigningKeys.Refresh);
        await using var another = await service.StartAnotherAsync();
        another.Clock.Advance(SigningKeys.Refresh);

        foreach (var instance in new[] { service, another })
        {
            Assert.Equal(rows.Select(r => r.Id).Where(id => id != tampered).Order(StringComparer.Ordinal), (await PublishedAsync(instance)).Order(StringComparer.Ordinal));
            var caller = await (user with { Organisation = user.Organisation with { Service = instance } }).SignedInAsync();
            Assert.Equal(200, (int)(await ListAsync(instance, caller.Token)).Status);
            Assert.Equal(401, (int)(await ListAsync(instance, Resigned(caller.Token, tampered, his))).Status);
            Assert.Single(instance.Log.Lines, line => line.Contains("is not as this service stored it", StringComparison.Ordinal) && line.Contains(tampered, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task While_no_row_is_ours_the_keys_of_before_stay_in_use_and_no_instance_starts()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        var caller = await (await Registered.NewAsync(await service.NewOrganisationAsync(), CredentialKind.Key)).SignedInAsync();
        var before = await PublishedAsync(service);
        await service.InDatabaseAsync(db => db.SigningKeys.ExecuteUpdateAsync(k => k.SetProperty(x => x.SealedPrivateKey, new byte[180])));

        service.Clock.Advance(SigningKeys.Refresh);

        Assert.Equal(before, await PublishedAsync(service));
        Assert.Equal(200, (int)(await ListAsync(service, caller.Token)).Status);
        Assert.Contains(service.Log.Lines, line => line.Contains("those of before stay in use", StringComparison.Ordinal));
        Assert.Equal(1, await service.InDatabaseAsync(db => db.SigningKeys.CountAsync()));
        var fresh = new SigningKeys(
            service.Services.GetRequiredService<IServiceScopeFactory>(),
            service.Services.GetRequiredService<MasterKey>(),
            service.Services.GetRequiredService<Entropy>(),
            service.Clock,
            service.Services.GetRequiredService<IOptions<TokenOptions>>(),
            service.Services.GetRequiredService<Microsoft.Extensions.Logging.ILogger<SigningKeys>>());
        await Assert.ThrowsAnyAsync<CryptographicException>(() => fresh.GetAsync(CancellationToken.None).AsTask());
    }

    [Fact]
    public async Task A_key_that_was_sealed_under_its_id_alone_goes_on_until_it_retires()
    {
        await using var database = await Fixture.NewDatabaseAsync();
        await using var service = await Service.StartAsync(database);
        var masterKey = service.Services.GetRequiredService<MasterKey>();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await service.InDatabaseAsync(async db =>
        {
            var row = await db.SigningKeys.AsNoTracking().SingleAsync();
            db.SigningKeys.Add(Copy(row, "sk-old", key.ExportSubjectPublicKeyInfo(), masterKey.Seal(key.ExportPkcs8PrivateKey(), "sk-old", service.Services.GetRequiredService<Entropy>())));
            return await db.SaveChangesAsync();
        });

        service.Clock.Advance(SigningKeys.Refresh);

        Assert.Contains("sk-old", await PublishedAsync(service));
    }

    public static TheoryData<CodePurpose, CodePurpose> Purposes =>
        [.. Enum.GetValues<CodePurpose>().SelectMany(from => Enum.GetValues<CodePurpose>().Where(to => to != from).Select(to => (from, to)))];

    [Theory]
    [MemberData(nameof(Purposes))]
    public async Task A_code_whose_hash_was_moved_is_good_for_no_other_purpose(CodePurpose from, CodePurpose to)
    {
        var organisation = await Service.NewOrganisationAsync();
        var (user, code) = await WithCodeAsync(organisation, from, "jane@example.co");
        await MoveAsync(organisation, (user, from), (user, to));

        Assert.Equal("invalid_code", (await GuessAsync(organisation, to, "jane@example.co", code)).Code);
        Assert.NotEqual("invalid_code", (await GuessAsync(organisation, from, "jane@example.co", code)).Code);
    }

    [Theory]
    [InlineData(CodePurpose.Registration)]
    [InlineData(CodePurpose.Login)]
    [InlineData(CodePurpose.Recovery)]
    public async Task A_code_whose_hash_was_moved_is_good_for_no_other_user(CodePurpose purpose)
    {
        var organisation = await Service.NewOrganisationAsync();
        var (his, code) = await WithCodeAsync(organisation, purpose, "john@example.co");
        var (hers, _) = await WithCodeAsync(organisation, purpose, "jane@example.co");
        await MoveAsync(organisation, (his, purpose), (hers, purpose));

        Assert.Equal("invalid_code", (await GuessAsync(organisation, purpose, "jane@example.co", code)).Code);
        Assert.NotEqual("invalid_code", (await GuessAsync(organisation, purpose, "john@example.co", code)).Code);
    }

    [Theory]
    [InlineData("another user")]
    [InlineData("a later end")]
    [InlineData("no hash of the row")]
    public async Task A_code_for_another_device_whose_row_was_changed_opens_nothing(string what)
    {
        var organisation = await Service.NewOrganisationAsync();
        var jane = await Registered.NewAsync(organisation, username: "jane@example.co");
        var john = await (await Registered.NewAsync(organisation, CredentialKind.Key, username: "john@example.co")).SignedInAsync();
        var made = await john.PostAsync("/auth/credentials/code", new JsonObject { ["expiration"] = Service.Clock.GetUtcNow().AddSeconds(50).ToUnixTimeSeconds() });
        var begun = await InitAsync();
        var adding = Adding.Of(jane, begun);
        var later = Service.Clock.GetUtcNow().AddDays(1);
        var row = Service.InDatabaseAsync(db => db.CredentialCodes.Where(c => c.UserId == john.UserId).ExecuteUpdateAsync(c => c
            .SetProperty(x => x.UserId, x => what == "another user" ? jane.UserId : x.UserId)
            .SetProperty(x => x.ExpiresAt, x => what == "a later end" ? later : x.ExpiresAt)
            .SetProperty(x => x.RowHash, x => what == "no hash of the row" ? null : x.RowHash)));
        Assert.Equal(1, await row);

        Assert.Equal("invalid_code", (await InitAsync()).Code);
        Assert.Equal("challenge_not_valid", (await Service.PostAsync("/auth/credentials/code/verify", adding.BodyOf(adding.Make(CredentialKind.Key)))).Code);

        Task<Answer> InitAsync() => Service.PostAsync("/auth/credentials/code/init", new JsonObject { ["code"] = made.Require("code"), ["credentialKind"] = "Key" });
    }

    private async Task<(string UserId, string Code)> WithCodeAsync(TestOrganisation organisation, CodePurpose purpose, string username)
    {
        if (purpose == CodePurpose.Registration)
        {
            var invited = await Service.InviteAsync(organisation, username);
            await Service.InDatabaseAsync(async db =>
            {
                var row = await db.Users.SingleAsync(u => u.OrganisationId == organisation.Id && u.Id == invited.UserId);
                db.Codes.AddRange(OneTimeCode.NotIssued(row, CodePurpose.Login, row.CreatedAt), OneTimeCode.NotIssued(row, CodePurpose.Recovery, row.CreatedAt));
                return await db.SaveChangesAsync();
            });
            return (invited.UserId, invited.Code);
        }

        var user = await Registered.NewAsync(organisation, username: username, recovery: true);
        var path = purpose == CodePurpose.Login ? "/auth/login/code" : "/auth/recover/user/code";
        await Service.PostAsync(path, new JsonObject { ["username"] = username, ["orgId"] = organisation.Id });
        return (user.UserId, (await Service.Inbox.NextAsync()).Code);
    }

    private Task<int> MoveAsync(TestOrganisation organisation, (string UserId, CodePurpose Purpose) from, (string UserId, CodePurpose Purpose) to) => Service.InDatabaseAsync(async db =>
    {
        var code = await db.Codes.AsNoTracking().SingleAsync(c => c.OrganisationId == organisation.Id && c.UserId == from.UserId && c.Purpose == from.Purpose);
        return await db.Codes.Where(c => c.OrganisationId == organisation.Id && c.UserId == to.UserId && c.Purpose == to.Purpose).ExecuteUpdateAsync(c => c
            .SetProperty(x => x.CodeHash, code.CodeHash).SetProperty(x => x.ExpiresAt, code.ExpiresAt).SetProperty(x => x.ConsumedAt, x => null));
    });

    private Task<Answer> GuessAsync(TestOrganisation organisation, CodePurpose purpose, string username, string code)
    {
        var (path, member) = purpose switch
        {
            CodePurpose.Registration => ("/auth/registration/init", "registrationCode"),
            CodePurpose.Login => ("/auth/login/init", "loginCode"),
            CodePurpose.Recovery => ("/auth/recover/user/init", "verificationCode"),
        };
        var body = new JsonObject { ["username"] = username, ["orgId"] = organisation.Id, [member] = code };
        if (purpose == CodePurpose.Recovery) body["credentialId"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        return Service.PostAsync(path, body);
    }

    private static SigningKey Copy(
        SigningKey row, string id, byte[]? publicKey = null, byte[]? sealedKey = null, DateTimeOffset? createdAt = null, DateTimeOffset? activeFrom = null, DateTimeOffset? retiredAt = null) => new()
        {
            Id = id,
            PublicKey = publicKey ?? row.PublicKey,
            SealedPrivateKey = sealedKey ?? row.SealedPrivateKey,
            CreatedAt = createdAt ?? row.CreatedAt,
            ActiveFrom = activeFrom ?? row.ActiveFrom,
            RetiredAt = retiredAt ?? row.RetiredAt,
        };

    // The same token, by another key under its name.
    private static string Resigned(string token, string keyId, ECDsa key)
    {
        var text = $"{Base64UrlEncoder.Encode($$"""{"alg":"ES256","kid":"{{keyId}}","typ":"at+jwt"}""")}.{token.Split('.')[1]}";
        return $"{text}.{Base64UrlEncoder.Encode(key.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256))}";
    }

    private static Task<Answer> ListAsync(Service service, string token) => service.SendAsync(HttpMethod.Get, "/auth/credentials", content: null, token);

    private static async Task<List<string>> PublishedAsync(Service service)
    {
        var jwks = await service.SendAsync(HttpMethod.Get, "/.well-known/jwks.json", content: null, bearer: null);
        return [.. jwks.Body["keys"]!.AsArray().Select(k => (string)k!["kid"]!)];
    }
}
