using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dfns.Registration.Api.Storage.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class Policies : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "invitation_ends_at",
                table: "users",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "refuse_backup_eligibility_change",
                table: "relying_parties",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<bool>(
                name: "refuse_mixed_scripts",
                table: "relying_parties",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<bool>(
                name: "refuse_synced_sign_count_regression",
                table: "relying_parties",
                type: "boolean",
                nullable: false,
                defaultValue: false);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "invitation_ends_at",
                table: "users");

            migrationBuilder.DropColumn(
                name: "refuse_backup_eligibility_change",
                table: "relying_parties");

            migrationBuilder.DropColumn(
                name: "refuse_mixed_scripts",
                table: "relying_parties");

            migrationBuilder.DropColumn(
                name: "refuse_synced_sign_count_regression",
                table: "relying_parties");
        }
    }
}
