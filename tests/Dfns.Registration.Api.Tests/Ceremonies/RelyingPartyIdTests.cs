using System.Text.Json.Nodes;
using Dfns.Registration.Api.Tests.Running;
using Dfns.Registration.Verification;
using Microsoft.EntityFrameworkCore;

namespace Dfns.Registration.Api.Tests.Ceremonies;

/// <summary>An organisation of several RP IDs: each challenge is for one of them, and what was made for another does not answer it.</summary>
public abstract class RelyingPartyIdTests(ServiceFixture fixture) : ServiceTests(fixture)
{
    private const string Here = "https://app.example.co";
    private const string There = "https://www.example.net";

    public sealed class OnSqlite(ServiceFixture.Sqlite fixture) : RelyingPartyIdTests(fixture), IClassFixture<ServiceFixture.Sqlite>;

    public sealed class OnPostgreSql(ServiceFixture.PostgreSql fixture) : RelyingPartyIdTests(fixture), IClassFixture<ServiceFixture.PostgreSql>
    {
        // With as many sessions as there are users it takes minutes; here it waits for one that somebody else holds.
        [Fact]
        public async Task Whoever_signs_in_while_the_passkeys_of_one_are_voided_is_signed_out_with_the_others()
        {
            var organisation = await SeveralAsync();
            var (_, there) = await WithTwoAsync(organisation);
            AskFrom(There);
            var before = await there.SignedInAsync();
            SigningCaller? meanwhile = null;

            await Service.AsOwnerAsync(async db =>
            {
                await using var transaction = await db.Database.BeginTransactionAsync();
                await db.Database.ExecuteSqlAsync($"SELECT 1 FROM access_tokens WHERE organisation_id = {organisation.Id} FOR UPDATE");
                var removed = RemoveAsync(organisation);
                while (!await IsWaitingAsync()) await Task.Yield();
                meanwhile = await there.SignedInAsync();
                await transaction.RollbackAsync();
                return await removed;
            });

            Assert.Equal(401, (int)(await before.GetAsync("/auth/credentials")).Status);
            Assert.Equal(401, (int)(await meanwhile!.GetAsync("/auth/credentials")).Status);
        }

        private Task<bool> IsWaitingAsync() => Service.InDatabaseAsync(db => db.Database.SqlQuery<bool>(
            $"SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'UPDATE access_tokens%') AS \"Value\"").SingleAsync());
    }

    [Theory]
    [InlineData(null, "example.co")]
    [InlineData("https://app.example.co", "example.co")]
    [InlineData("https://example.net", "example.net")]
    [InlineData("https://www.example.net", "example.net")]
    [InlineData("https://example.net:8443", "example.net")]
    [InlineData("http://example.net", "example.net")]
    // The narrowest of those that fit.
    [InlineData("https://shop.example.net", "shop.example.net")]
    [InlineData("https://a.shop.example.net", "shop.example.net")]
    [InlineData("https://evil-shop.example.net", "example.net")]
    // None fits: a related origin, an app, and what only looks alike.
    [InlineData("https://www.example.de", "example.co")]
    [InlineData("android:apk-key-hash:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE", "example.co")]
    [InlineData("https://evil-example.net", "example.co")]
    [InlineData("https://example.net.evil.example", "example.co")]
    [InlineData("https://example.net.", "example.co")]
    [InlineData("https://net", "example.co")]
    [InlineData("example.net", "example.co")]
    [InlineData("https://example.net@evil.example", "example.co")]
    [InlineData("https://", "example.co")]
    [InlineData("null", "example.co")]
    public async Task A_page_chooses_among_them_by_where_it_is_and_by_nothing_else(string? origin, string id)
    {
        var organisation = await SeveralAsync();
        var invited = await Service.InviteAsync(organisation, "jane@example.co");
        AskFrom(origin);

        var answers = new[]
        {
            await invited.TryInitAsync(),
            await Service.PostAsync("/auth/login/init", new JsonObject { ["orgId"] = organisation.Id }),
            await Service.PostAsync("/auth/login/init", new JsonObject { ["orgId"] = organisation.Id, ["username"] = "nobody@example.co" }),
        };

        Assert.All(answers, answer => Assert.Equal(id, (string?)answer.Body["rp"]!["id"]));
    }

    [Theory]
    [InlineData("example.co", Here)]
    [InlineData("example.net", There)]
    [InlineData("shop.example.net", "https://a.shop.example.net")]
    public async Task Whoever_registers_under_one_of_them_signs_in_and_signs_calls_under_it(string id, string origin)
    {
        AskFrom(origin);
        var jane = await Registered.NewAsync(At(await SeveralAsync(), id, origin));

        var session = await jane.SignedInAsync();
        var code = await session.PostAsync("/auth/credentials/code", new JsonObject { ["expiration"] = Service.Clock.GetUtcNow().AddSeconds(60).ToUnixTimeMilliseconds() });
        var listed = (await session.GetAsync("/auth/credentials")).Body["items"]![0]!;

        Assert.Equal(200, (int)code.Status);
        Assert.Equal((id, origin), ((string?)listed["relyingPartyId"], (string?)listed["origin"]));
        Assert.Contains($"\"rpId\":\"{id}\"", await Service.InDatabaseAsync(db => db.SignedActions.Where(a => a.OrganisationId == jane.Organisation.Id).Select(a => a.Evidence).SingleAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_has_a_passkey_for_each_is_offered_that_of_the_page()
    {
        var organisation = await SeveralAsync();
        var (jane, there) = await WithTwoAsync(organisation);

        AskFrom(Here);
        Assert.Equal([jane.First.CredId], Passkeys(await jane.TryInitLoginAsync()));
        await jane.LoginAsync();
        AskFrom(There);
        Assert.Equal([there.First.CredId], Passkeys(await there.TryInitLoginAsync()));
        await there.LoginAsync();
        // Which the page at the narrower one cannot use.
        AskFrom("https://a.shop.example.net");
        Assert.Empty(Passkeys(await jane.TryInitLoginAsync()));
    }

    [Fact]
    public async Task A_recovery_brings_a_passkey_for_the_page_at_which_it_began()
    {
        var organisation = await SeveralAsync();
        AskFrom(Here);
        var jane = await Registered.NewAsync(organisation, recovery: true);
        AskFrom(There);
        var recovering = await Recovering.StartAsync(jane with { Organisation = At(organisation, "example.net", There) });

        var elsewhere = await Service.PostAsync("/auth/recover/user", (recovering with { User = jane }).GoodBody(), recovering.Token);
        var recovered = await Service.PostAsync("/auth/recover/user", recovering.GoodBody(), recovering.Token);

        Assert.Equal("example.net", (string?)recovering.Body["rp"]!["id"]);
        Assert.Equal(("origin_not_allowed", 200), (elsewhere.Code, (int)recovered.Status));
        Assert.Single(Passkeys(await jane.TryInitLoginAsync()));
    }

    // By a browser's word, which sends what it has; and by whoever holds the key and signs what the challenge asks for.
    [Theory]
    [InlineData("example.co", Here)]
    [InlineData("example.co", There)]
    [InlineData("example.net", There)]
    [InlineData("shop.example.net", There)]
    public async Task A_passkey_of_one_does_not_answer_a_challenge_for_another(string signedFor, string origin)
    {
        AskFrom(Here);
        var jane = await Registered.NewAsync(await SeveralAsync());
        AskFrom(There);
        var named = await jane.TryInitLoginAsync();
        var anybodys = await Service.PostAsync("/auth/login/init", new JsonObject { ["orgId"] = jane.Organisation.Id });

        foreach (var challenge in new[] { named, anybodys })
        {
            var assertion = jane.First.Authenticator!.Get(challenge.Require("challenge"), signedFor, origin, jane.First.CredId, jane.UserId);
            var answer = await Service.PostAsync("/auth/login", new JsonObject { ["challengeIdentifier"] = challenge.Require("challengeIdentifier"), ["firstFactor"] = assertion.ToJson(jane.First.Kind) });
            Assert.Equal("rp_id_hash_mismatch", answer.Code);
        }
    }

    [Theory]
    [InlineData("example.co", There, "rp_id_hash_mismatch")]
    [InlineData("shop.example.net", There, "rp_id_hash_mismatch")]
    [InlineData("example.net", Here, "origin_not_allowed")]
    [InlineData("example.net", "https://www.example.de", "origin_not_allowed")]
    [InlineData("example.net", "https://a.shop.example.net.", "origin_not_allowed")]
    public async Task A_passkey_is_registered_for_the_rp_id_of_the_challenge_on_a_page_of_it_alone(string id, string origin, string code)
    {
        var organisation = await SeveralAsync();
        AskFrom(There);
        var challenge = await (await Service.InviteAsync(organisation, "jane@example.co")).InitAsync();

        var refused = await challenge.CompleteAsync((challenge with { Organisation = At(organisation, id, origin) }).GoodBody());
        var registered = await challenge.CompleteAsync((challenge with { Organisation = At(organisation, "example.net", There) }).GoodBody());

        Assert.Equal((code, 200), (refused.Code, (int)registered.Status));
    }

    // Else whoever has the first factor would choose the RP ID at which the second is not.
    [Fact]
    public async Task A_second_factor_that_is_demanded_is_demanded_under_every_one_of_them()
    {
        var organisation = await SeveralAsync();
        AskFrom(Here);
        var jane = await Registered.NewAsync(organisation, CredentialKind.Key, CredentialKind.Fido2);
        AskFrom(There);
        var challenge = await jane.TryInitLoginAsync();

        var answer = await Service.PostAsync("/auth/login", new JsonObject { ["challengeIdentifier"] = challenge.Require("challengeIdentifier"), ["firstFactor"] = jane.First.Sign(challenge.Require("challenge")) });

        Assert.Equal("second_factor_required", answer.Code);
    }

    [Fact]
    public async Task Nobody_has_the_same_credentials_each_time_and_no_passkey_under_two_of_them()
    {
        var organisation = await SeveralAsync();
        var (here, there) = (new List<string>(), new List<string>());

        for (var n = 0; n < 40; n++)
        {
            AskFrom(Here);
            var first = await AskAsync(n);
            AskFrom(There);
            var second = await AskAsync(n);
            Assert.Equal(second.Body["allowCredentials"]!.ToJsonString(), (await AskAsync(n)).Body["allowCredentials"]!.ToJsonString());
            AskFrom(Here);
            Assert.Equal(first.Body["allowCredentials"]!.ToJsonString(), (await AskAsync(n)).Body["allowCredentials"]!.ToJsonString());
            // Keys work under each.
            Assert.Equal(first.Body["allowCredentials"]!["key"]!.ToJsonString(), second.Body["allowCredentials"]!["key"]!.ToJsonString());
            here.AddRange(Passkeys(first));
            there.AddRange(Passkeys(second));
        }

        Assert.Empty(here.Intersect(there, StringComparer.Ordinal));
        Assert.True(here.Count > 0 && there.Count > 0, $"{here.Count} and {there.Count}");

        Task<Answer> AskAsync(int n) => Service.PostAsync("/auth/login/init", new JsonObject { ["orgId"] = organisation.Id, ["username"] = $"nobody-{n}@example.co" });
    }

    // A made-up passkey is held to the RP ID as anybody's.
    [Fact]
    public async Task An_answer_for_nobody_is_refused_as_one_for_somebody()
    {
        var organisation = await SeveralAsync();
        AskFrom(Here);
        var jane = await Registered.NewAsync(organisation);
        var codes = new List<string?>();
        for (var n = 0; n < 200 && codes.Count < 3; n++)
        {
            AskFrom(Here);
            var shown = Passkeys(await AskAsync(n));
            if (shown.Count == 0) continue;
            AskFrom(There);
            var challenge = await AskAsync(n);
            var assertion = jane.First.Authenticator!.Get(challenge.Require("challenge"), "example.net", There, jane.First.CredId, jane.UserId).ToJson(CredentialKind.Fido2);
            assertion["credentialAssertion"]!["credId"] = shown[0];
            var answer = await Service.PostAsync("/auth/login", new JsonObject { ["challengeIdentifier"] = challenge.Require("challengeIdentifier"), ["firstFactor"] = assertion });
            if (answer.Code != "no_usable_credential" && answer.Code != "second_factor_required") codes.Add(answer.Code);
        }

        Assert.NotEmpty(codes);
        Assert.All(codes, code => Assert.Equal("rp_id_hash_mismatch", code));

        Task<Answer> AskAsync(int n) => Service.PostAsync("/auth/login/init", new JsonObject { ["orgId"] = organisation.Id, ["username"] = $"nobody-{n}@example.co" });
    }

    [Fact]
    public async Task One_that_is_removed_voids_its_passkeys_which_are_counted_and_no_other()
    {
        var organisation = await SeveralAsync();
        var (jane, there) = await WithTwoAsync(organisation);
        AskFrom(There);
        var ended = await there.SignedInAsync();
        var begun = there.AnswerTo(await there.TryInitLoginAsync());
        AskFrom(Here);
        var kept = await jane.SignedInAsync();
        var left = await ServiceProgram.OperateAsync(Service.Database, "relying-party", "remove", "--org", organisation.Id, "--further-rp-id", "example.net", "--force");
        Assert.Equal((1, $"Nothing was changed: without the RP id 'example.net' no passkey works at {There}. Name what has to go with it too: --origin {There}"), (left.ExitCode, left.Faults.Trim()));

        var refused = await ServiceProgram.OperateAsync(Service.Database, "relying-party", "remove", "--org", organisation.Id, "--further-rp-id", "example.net", "--origin", There);
        Assert.Equal(1, refused.ExitCode);
        Assert.StartsWith("Nothing was changed: 1 passkey is bound to the RP id 'example.net' and could not sign in under 'example.co' or 'shop.example.net'. Add --force to void them", refused.Faults, StringComparison.Ordinal);
        var forced = await RemoveAsync(organisation);
        Assert.Equal((0, ""), (forced.ExitCode, forced.Faults));
        Assert.Contains("furtherRpIds was: example.net shop.example.net", forced.Output, StringComparison.Ordinal);
        Assert.Contains("furtherRpIds is:  shop.example.net", forced.Output, StringComparison.Ordinal);

        Assert.Equal((401, 200), ((int)(await ended.GetAsync("/auth/credentials")).Status, (int)(await kept.GetAsync("/auth/credentials")).Status));
        AskFrom(There);
        Assert.Equal("challenge_not_valid", (await Service.PostAsync("/auth/login", begun)).Code);
        Assert.Equal([jane.First.CredId], Passkeys(await there.TryInitLoginAsync()));
        AskFrom(Here);
        await jane.LoginAsync();
    }

    // Of one person with a passkey for each of two: what the voided one did ends, whoever opened the session in which it signed.
    [Fact]
    public async Task What_a_voided_passkey_has_opened_and_signed_ends_with_it_and_nothing_else()
    {
        var organisation = await SeveralAsync();
        var (jane, there) = await WithTwoAsync(organisation);
        AskFrom(Here);
        var kept = await jane.SignedInAsync();
        var body = new JsonObject { ["expiration"] = Service.Clock.GetUtcNow().AddSeconds(60).ToUnixTimeMilliseconds() };
        var signedHere = await kept.SignAsync(HttpMethod.Post, "/auth/credentials/code", body.ToJsonString());
        AskFrom(There);
        var signedThere = await new SigningCaller(Service, kept.Token, there.AnswerTo).SignAsync(HttpMethod.Post, "/auth/credentials/code", body.ToJsonString());
        var ended = await there.SignedInAsync();
        var code = await ended.PostAsync("/auth/credentials/code", body.DeepClone().AsObject());

        Assert.Equal(0, (await RemoveAsync(organisation)).ExitCode);

        AskFrom(Here);
        Assert.Equal(401, (int)(await ended.GetAsync("/auth/credentials")).Status);
        Assert.Equal("invalid_code", (await Service.PostAsync("/auth/credentials/code/init", new JsonObject { ["code"] = code.Require("code"), ["credentialKind"] = "Fido2" })).Code);
        Assert.NotEqual(200, (int)(await kept.SendAsync(HttpMethod.Post, "/auth/credentials/code", body.DeepClone().AsObject(), signedThere)).Status);
        Assert.Equal(200, (int)(await kept.SendAsync(HttpMethod.Post, "/auth/credentials/code", body.DeepClone().AsObject(), signedHere)).Status);
        // Listed again, the passkey is good again; what ended is not.
        Assert.Equal(0, (await ServiceProgram.OperateAsync(Service.Database, "relying-party", "add", "--org", organisation.Id, "--further-rp-id", "example.net", "--origin", There)).ExitCode);
        AskFrom(There);
        await there.LoginAsync();
        Assert.Equal(401, (int)(await ended.GetAsync("/auth/credentials")).Status);
    }

    /// <summary>Which of them goes, what is added so that there is a primary one, and where the passkey was made.</summary>
    public static TheoryData<string, string> Going => new()
    {
        { "relying-party remove --further-rp-id example.net --origin https://www.example.net", There },
        { "relying-party set --rp-id example.net --further-rp-id shop.example.net --origin https://www.example.net --related-origin", Here },
    };

    [Theory]
    [MemberData(nameof(Going))]
    public async Task Nothing_that_is_under_way_outlives_the_one_it_is_for(string command, string page)
    {
        for (var round = 0; round < 5; round++)
        {
            var organisation = await SeveralAsync();
            var (here, there) = await WithTwoAsync(organisation);
            var jane = page == There ? there : here;
            AskFrom(page);
            var begun = jane.AnswerTo(await jane.TryInitLoginAsync());
            var session = await jane.SignedInAsync();
            var signed = jane.AnswerTo(await session.InitActionAsync(HttpMethod.Put, "/auth/logout", "{}"));

            var (signsIn, signs) = (Service.PostAsync("/auth/login", begun), Service.PostAsync("/auth/action", signed, session.Token));
            var changed = await ServiceProgram.OperateAsync(Service.Database, [.. command.Split(' '), "--org", organisation.Id, "--force"]);

            Assert.Equal((0, ""), (changed.ExitCode, changed.Faults));
            Assert.True((int)(await signs).Status < 500, (await signs).Text);
            Assert.True((int)(await signsIn).Status < 500, (await signsIn).Text);
            Assert.Equal(401, (int)(await session.GetAsync("/auth/credentials")).Status);
            if ((int)(await signsIn).Status == 200)
                Assert.Equal(401, (int)(await Service.SendAsync(HttpMethod.Get, "/auth/credentials", content: null, (await signsIn).Require("token"))).Status);
            Assert.Equal(0, await Service.InDatabaseAsync(db => db.Ceremonies.CountAsync(c => c.OrganisationId == organisation.Id && c.UserId == jane.UserId && (c.ConsumedAt == null || (c.SignedBy != null && c.SpentAt == null)))));
        }
    }

    [Fact]
    public async Task Another_one_becomes_the_primary_one_and_voids_nothing_that_is_still_listed()
    {
        var organisation = await SeveralAsync();
        AskFrom(Here);
        var jane = await Registered.NewAsync(organisation);

        var changed = await ServiceProgram.OperateAsync(
            Service.Database, "relying-party", "set", "--org", organisation.Id, "--rp-id", "shop.example.net", "--further-rp-id", "example.net", "--further-rp-id", "example.co");

        Assert.Equal((0, ""), (changed.ExitCode, changed.Faults));
        await jane.LoginAsync();
        var voiding = await ServiceProgram.OperateAsync(Service.Database, "relying-party", "set", "--org", organisation.Id, "--further-rp-id", "example.net", "--origin", There, "--related-origin");
        Assert.StartsWith("Nothing was changed: 1 passkey is bound to the RP id 'example.co'", voiding.Faults, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--further-rp-id Example.net", "spell 'Example.net' as 'example.net'")]
    [InlineData("--further-rp-id bücher.example", "spell 'bücher.example' as 'xn--bcher-kva.example'")]
    [InlineData("--further-rp-id co.uk --origin https://example.co.uk", "'co.uk' is a name that others register theirs under")]
    [InlineData("--further-rp-id 192.0.2.1", "The RP id must be a domain name")]
    [InlineData("--further-rp-id example.co", "'example.co' is the primary RP id, and no further one")]
    [InlineData("--further-rp-id example.net --origin https://evil-example.net", "is not an origin of 'example.co' or 'example.net'")]
    [InlineData("--further-rp-id example.net --origin https://example.net --related-origin https://www.example.net", "lies at or below the RP id 'example.net' and needs no relation")]
    [InlineData("--further-rp-id a.example --further-rp-id b.example --further-rp-id c.example --further-rp-id d.example --further-rp-id e.example --further-rp-id f.example --further-rp-id g.example --further-rp-id h.example --further-rp-id i.example --further-rp-id j.example", "An organisation has 10 RP ids at most, and these are 11.")]
    public async Task One_that_makes_no_sense_is_refused(string options, string told)
    {
        var run = await ServiceProgram.OperateAsync(Service.Database, ["org", "create", "--name", "Example", "--rp-id", "example.co", "--origin", "https://example.co", .. options.Split(' ')]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(told, run.Faults, StringComparison.Ordinal);
        // Of what is none nothing can be an origin: that is not told as well.
        if (!told.Contains("is not an origin", StringComparison.Ordinal)) Assert.DoesNotContain("is not an origin of", run.Faults, StringComparison.Ordinal);
    }

    // The first of each is registered by page, the second is added to the session of the first.
    private async Task<(Registered Here, Registered There)> WithTwoAsync(TestOrganisation organisation)
    {
        AskFrom(Here);
        var jane = await Registered.NewAsync(organisation);
        var session = await jane.SignedInAsync();
        AskFrom(There);
        var adding = await Adding.InitAsync(jane with { Organisation = At(organisation, "example.net", There) }, session, CredentialKind.Fido2);
        var added = adding.Make(CredentialKind.Fido2);
        AskFrom(Here);
        var answer = await session.PostAsync("/auth/credentials", adding.BodyOf(added));
        Assert.True((int)answer.Status == 200, answer.Text);
        return (jane, adding.User with { First = added });
    }

    private Task<ServiceProgram.Run> RemoveAsync(TestOrganisation organisation) =>
        ServiceProgram.OperateAsync(Service.Database, "relying-party", "remove", "--org", organisation.Id, "--further-rp-id", "example.net", "--origin", There, "--force");

    private Task<TestOrganisation> SeveralAsync() => Service.NewOrganisationAsync(r => (r.FurtherIds, r.Origins, r.RelatedOrigins) =
        (["example.net", "shop.example.net"], [Here, There, "https://*.shop.example.net", "android:apk-key-hash:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"], ["https://www.example.de"]));

    private static TestOrganisation At(TestOrganisation organisation, string id, string origin) => organisation with { RelyingPartyId = id, Origin = origin };

    private static List<string> Passkeys(Answer challenge) => [.. challenge.Body["allowCredentials"]!["webauthn"]!.AsArray().Select(c => (string)c!["id"]!)];

    // As the browser of a page there does with each request.
    private void AskFrom(string? origin)
    {
        Service.Http.DefaultRequestHeaders.Remove("Origin");
        if (origin is not null) Service.Http.DefaultRequestHeaders.TryAddWithoutValidation("Origin", origin);
    }
}
