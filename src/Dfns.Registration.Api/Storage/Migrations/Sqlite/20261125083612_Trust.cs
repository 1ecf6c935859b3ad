using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dfns.Registration.Api.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Trust : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "allowed_aaguids",
                table: "relying_parties",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "denied_aaguids",
                table: "relying_parties",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "refuse_no_attestation",
                table: "relying_parties",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<bool>(
                name: "refuse_self_attestation",
                table: "relying_parties",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<string>(
                name: "refused_statuses",
                table: "relying_parties",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "require_trusted_root",
                table: "relying_parties",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<bool>(
                name: "aaguid_attested",
                table: "credentials",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "attestation_root",
                table: "credentials",
                type: "TEXT",
                maxLength: 64,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "attestation_trust",
                table: "credentials",
                type: "TEXT",
                maxLength: 32,
                nullable: true);

            migrationBuilder.CreateTable(
                name: "metadata_numbers",
                columns: table => new
                {
                    signer_host = table.Column<string>(type: "TEXT", maxLength: 253, nullable: false),
                    number = table.Column<long>(type: "INTEGER", nullable: false),
                    accepted_at = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_metadata_numbers", x => x.signer_host);
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "metadata_numbers");

            migrationBuilder.DropColumn(
                name: "allowed_aaguids",
                table: "relying_parties");

            migrationBuilder.DropColumn(
                name: "denied_aaguids",
                table: "relying_parties");

            migrationBuilder.DropColumn(
                name: "refuse_no_attestation",
                table: "relying_parties");

            migrationBuilder.DropColumn(
                name: "refuse_self_attestation",
                table: "relying_parties");

            migrationBuilder.DropColumn(
                name: "refused_statuses",
                table: "relying_parties");

            migrationBuilder.DropColumn(
                name: "require_trusted_root",
                table: "relying_parties");

            migrationBuilder.DropColumn(
                name: "aaguid_attested",
                table: "credentials");

            migrationBuilder.DropColumn(
                name: "attestation_root",
                table: "credentials");

            migrationBuilder.DropColumn(
                name: "attestation_trust",
                table: "credentials");
        }
    }
}
